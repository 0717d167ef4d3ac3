"""K_nu(1/g), and the continuation of Macdonald functions that three models share."""

from __future__ import annotations

from fractions import Fraction

import sympy
from flint import acb, fmpq

from ..germs import Hypergeometric
from ..numbers import rational
from ..rays import Side
from .model import ClosedFormModel

__all__ = ["bessel_k"]

#: Largest |nu|. The series is of no use for larger ones: it settles only for g far below 1/nu^2.
MAX_ORDER = 1000


def bessel_k(nu: object) -> ClosedFormModel:
    """The model ``K_nu(1/g) ~ sqrt(pi g/2) exp(-1/g) (1 + (4 nu^2 - 1)/8 g + ...)``.

    Parameters
    ----------
    nu : rational
        The order, at most 1000 in modulus. K_(-nu) is K_nu; at half-integers the series ends.

    Returns
    -------
    Model
        With one logarithmic singularity at -2 of Stokes constant 2i cos(pi nu), or none.

    Raises
    ------
    ValueError
        For an order that is not rational, or too large.
    TypeError
        For what is not a number.

    Examples
    --------
    >>> print(bessel_k("1/3").series(3).stripped())
    1 - 5/72 g + 385/10368 g^2 + O(g^3)
    >>> bessel_k("5/2").singularities
    ()
    """
    try:
        exact = rational(nu)
    except (TypeError, ValueError) as error:
        raise type(error)(f"the order of bessel_k: {error}") from None
    if exact is None or abs(exact) > MAX_ORDER:
        raise ValueError(f"the order of bessel_k must be rational and at most {MAX_ORDER} in modulus, got {nu}")
    exact = abs(exact)
    order = Fraction(int(exact.p), int(exact.q))

    def closed_form(g: acb, sheet: Side | None) -> acb:
        y = -1 / g
        if sheet is None and y.real > 0:
            sheet = "median"  # the series ends, and all sides agree
        if sheet is None or y.real < 0:
            return (1 / g).bessel_k(acb(exact))
        return (acb.pi() * g / 2).sqrt() * y.exp() * continued_macdonald(y, exact, sheet)

    return ClosedFormModel(
        name=f"bessel_k({order})",
        title=f"the Macdonald function K_nu(1/g), nu = {order}",
        latex=rf"K_{{{sympy.latex(sympy.Rational(order.numerator, order.denominator))}}}(1/g)",
        references=(
            "DLMF 10.40.2 (series), 10.34.2 (continuation)",
            "G. N. Watson, A Treatise on the Theory of Bessel Functions (1944), section 7.23",
        ),
        germ=Hypergeometric(Fraction(1, 2) + order, Fraction(1, 2) - order, -2),
        closed_form=closed_form,
        weight=sympy.S.One,
        exponent=Fraction(1, 2),
        constant=sympy.sqrt(sympy.pi / 2),
    )


def continued_macdonald(y: acb, nu: fmpq, sheet: Side) -> acb:
    """``sqrt(2t/pi) e^t K_nu(t)`` at t = y e^(i pi) above, y e^(-i pi) below, or the mean of both; Re y > 0.

    K_nu(y e^(+-i pi)) = e^(-+i pi nu) K_nu(y) -+ i pi I_nu(y), DLMF 10.34.2.
    """
    order, i = acb(nu), acb(0, 1)
    phase = i * (-i * acb.pi() * order).exp()
    if sheet == "median":
        phase = acb(phase.real)
    elif sheet == "below":
        phase = phase.conjugate()
    growing = acb.pi() * y.bessel_i(order, scaled=True)
    decaying = (-2 * y).exp() * y.bessel_k(order, scaled=True)
    return (2 * y / acb.pi()).sqrt() * (growing + phase * decaying)
