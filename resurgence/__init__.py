"""Resurgence: divergent series, Borel singularities and resummation, with exact verification and honest errors.

>>> import resurgence as rs
>>> a = rs.Action("x**2 + x**4")
>>> [(c.value, c.multiplicity) for c in a.critical_values()]
[(0, 1), (-1/4, 2)]
>>> s = a.expand(60, at=0)
>>> rs.borel_sum(s, "1/10", digits=20).contains(rs.models.quartic.exact("1/10", digits=30))
True
>>> bool(rs.verify(a))
True
"""

from importlib.metadata import version as _version

from . import models
from .action import Action
from .algebraic import AlgebraicNumber
from .alien import alien_derivative, stokes_automorphism
from .borel import BorelTransform
from .continuation.pade import Pade
from .differential_operator import DifferentialOperator
from .errors import LevelError, NoPowerSeriesError, StokesLineError
from .germs import Hypergeometric
from .holonomic import HolonomicSeries
from .holonomic_germ import HolonomicGerm
from .hyperasymptotics import HyperasymptoticSum, hyperasymptotics
from .hypervirial import energy_series
from .laplace import borel_sum, jump
from .large_order import levin, ratio_limit, richardson, richardson_table, weniger
from .large_order_relation import NeighbouringSector, SaddleCountError, neighbouring_sectors
from .models import Model
from .numbers import Enclosure
from .optimal_truncation import optimal_truncation
from .saddle_network import SaddleNetwork
from .schroedinger import ground_state_energy
from .sequence_transformations import levin_u, weniger_delta
from .series import FormalSeries
from .singularities import Singularity
from .singularity_elimination import LocalExpansion, Resonance, eliminate, probe_exponent
from .transseries import TransSeries
from .verification import Verification
from .verify import Claim, verify

__version__ = _version("resurgence")

__all__ = [
    "Action",
    "AlgebraicNumber",
    "BorelTransform",
    "Claim",
    "DifferentialOperator",
    "Enclosure",
    "FormalSeries",
    "HolonomicGerm",
    "HolonomicSeries",
    "HyperasymptoticSum",
    "Hypergeometric",
    "LevelError",
    "LocalExpansion",
    "Model",
    "NeighbouringSector",
    "NoPowerSeriesError",
    "Pade",
    "Resonance",
    "SaddleCountError",
    "SaddleNetwork",
    "Singularity",
    "StokesLineError",
    "TransSeries",
    "Verification",
    "alien_derivative",
    "borel_sum",
    "eliminate",
    "energy_series",
    "ground_state_energy",
    "hyperasymptotics",
    "jump",
    "levin",
    "levin_u",
    "models",
    "neighbouring_sectors",
    "optimal_truncation",
    "probe_exponent",
    "ratio_limit",
    "richardson",
    "richardson_table",
    "stokes_automorphism",
    "verify",
    "weniger",
    "weniger_delta",
]
