"""Ground truths: series with known sums, singularities and Stokes constants.

>>> from resurgence import models
>>> models.names()[:7]
('euler', 'euler_alternating', 'quartic', 'cubic', 'double_well', 'stirling', 'error_function')
>>> print(models.quartic.singularities[0])
logarithm at -1/4, exponent 0, Stokes constant sqrt(2)*I
>>> models.get("bessel_k(1/3)")
<Model bessel_k(1/3): the Macdonald function K_nu(1/g), nu = 1/3>
"""

from __future__ import annotations

import difflib
import re

from .anharmonic import anharmonic
from .bessel import bessel_k
from .cubic import cubic
from .double_well import double_well
from .error_function import error_function
from .euler import euler, euler_alternating
from .heisenberg_euler import heisenberg_euler
from .model import Model
from .painleve_one import painleve_one
from .painleve_two import painleve_two
from .quantum_double_well import quantum_double_well
from .quartic import quartic
from .sine_gordon import sine_gordon
from .stirling import stirling

__all__ = [
    "Model",
    "anharmonic",
    "bessel_k",
    "cubic",
    "double_well",
    "error_function",
    "euler",
    "euler_alternating",
    "get",
    "heisenberg_euler",
    "names",
    "painleve_one",
    "painleve_two",
    "quantum_double_well",
    "quartic",
    "sine_gordon",
    "stirling",
]

_MODELS: dict[str, Model] = {
    m.name: m
    for m in (
        euler,
        euler_alternating,
        quartic,
        cubic,
        double_well,
        stirling,
        error_function,
        sine_gordon,
        heisenberg_euler,
        painleve_one,
        painleve_two,
        anharmonic,
        quantum_double_well,
    )
}
_FAMILY = re.compile(r"bessel_k\s*\(([^()]*)\)")


def names() -> tuple[str, ...]:
    """The names that :func:`get` knows; ``nu`` stands for a rational number.

    >>> names()[-1]
    'bessel_k(nu)'
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
    >>> get("quartik")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: no model is called 'quartik', did you mean 'quartic'? Known: euler, euler_alternating, quartic, ...
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
