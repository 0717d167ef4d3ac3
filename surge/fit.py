"""Fits of the partition function: a power series (the paper's eq. 29), and the least loss with its exponent.

Z itself, or log Z, as a polynomial in g: :func:`~surge.power_series_fit.fit_power_series`. The leading terms of log Z
at small g, -L*/g + nu log g, with what remains as a series for the resurgence core:
:func:`~surge.action_fit.fit_action`.
"""

from .action_fit import ActionFit, fit_action
from .power_series_fit import PowerSeriesFit, fit_power_series, paper_weights

__all__ = ["ActionFit", "PowerSeriesFit", "fit_action", "fit_power_series", "paper_weights"]
