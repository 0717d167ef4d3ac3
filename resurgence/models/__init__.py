"""Ground truths: series with known sums, singularities and Stokes constants.

>>> from resurgence import models
>>> models.names()
('euler', 'euler_alternating', 'quartic', 'cubic', 'double_well', 'stirling', 'error_function', 'bessel_k(nu)')
>>> print(models.quartic.singularities[0])
logarithm at -1/4, exponent 0, Stokes constant sqrt(2)*I
>>> models.get("bessel_k(1/3)")
<Model bessel_k(1/3): the Macdonald function K_nu(1/g), nu = 1/3>
"""

from __future__ import annotations

import difflib
import re

from .bessel import bessel_k
from .cubic import cubic
from .double_well import double_well
from .error_function import error_function
from .euler import euler, euler_alternating
from .model import Model
from .quartic import quartic
from .stirling import stirling

__all__ = [
    "Model",
    "bessel_k",
    "cubic",
    "double_well",
    "error_function",
    "euler",
    "euler_alternating",
    "get",
    "names",
    "quartic",
    "stirling",
]

_MODELS = {m.name: m for m in (euler, euler_alternating, quartic, cubic, double_well, stirling, error_function)}
_FAMILY = re.compile(r"bessel_k\s*\(([^()]*)\)")


def names() -> tuple[str, ...]:
    """The names that :func:`get` knows; ``nu`` stands for a rational number.

    >>> len(names())
    8
    """
    return (*_MODELS, "bessel_k(nu)")


def get(name: str) -> Model:
    """The model of a name such as ``"quartic"`` or ``"bessel_k(1/3)"``.

    Parameters
    ----------
    name : str
        One of :func:`names`, with a rational number for ``nu``.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        For a name that is not known; the message has the nearest one and all of them.
    TypeError
        For what is not text.

    Examples
    --------
    >>> get("quartic") is quartic
    True
    >>> get("quartik")
    Traceback (most recent call last):
        ...
    ValueError: no model is called 'quartik', did you mean 'quartic'? Known: euler, euler_alternating, quartic, cubic, \
double_well, stirling, error_function, bessel_k(nu)
    """
    if not isinstance(name, str):
        raise TypeError(f"the name of a model is text, got {name!r}")
    text = name.strip()
    if text in _MODELS:
        return _MODELS[text]
    family = _FAMILY.fullmatch(text)
    if family:
        return bessel_k(family[1])
    near = difflib.get_close_matches(text, names(), n=1)
    hint = f", did you mean {near[0]!r}?" if near else "."
    raise ValueError(f"no model is called {name!r}{hint} Known: {', '.join(names())}")
