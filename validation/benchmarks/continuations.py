"""Continuations of a Borel germ from 81 coefficients: digits of the Laplace integral that each of them gives.

The germ is f(t) = 2F1(1/6, 5/6; 1; -t), that of Airy's function, and the integral int_0^inf exp(-t/g) f(t) dt/g at
g = 1, 10 and 1000: the larger g, the further out in the Borel plane it looks (Costin & Dunne 2020, J. Phys. A 53,
445303; 2022, Commun. Math. Phys. 392, 863). The right numbers are those of the closed form, in balls. This package
chooses its continuation by itself; the others are its own, asked for by name.
"""

from __future__ import annotations

from resurgence.continued_sum import Method
from resurgence.germs import Hypergeometric
from resurgence.laplace import borel_sum
from resurgence.series import FormalSeries

from .contest import OURS, Contender, Contest

__all__ = ["airy_integral"]

_TERMS, _DIGITS = 81, 75
_BITS = 400

#: Continuations beside the automatic choice.
_NAMED: tuple[Method, ...] = ("pade", "conformal", "uniformised")


def airy_integral(g: int) -> Contest:
    """The integral at one coupling."""
    germ = Hypergeometric("1/6", "5/6", "-1")
    terms = germ.coefficients(_TERMS)

    def contender(name: str, continuation: Method) -> Contender:
        # A new series each time: an old one remembers its singularities and approximants.
        return Contender(
            name,
            lambda series: borel_sum(series, g, _DIGITS, continuation=continuation),
            lambda value: [value.ball(_BITS).mid()],
            prepare=lambda: FormalSeries(terms),
        )

    contenders = [contender(OURS, "auto"), *(contender(f'"{name}"', name) for name in _NAMED)]
    return Contest(f"Airy's germ, {_TERMS} coefficients, g = {g}", g, contenders, [germ.sum(g, _BITS)], _BITS)
