"""Coefficients of a series: how they come in, and how people see them."""

from __future__ import annotations

import numbers
from fractions import Fraction
from typing import TypeAlias

import mpmath
import sympy
from flint import acb, arb, fmpq, fmpz_poly

from .algebraic import AlgebraicNumber, NumberField, gaussian_rational
from .numbers import Enclosure, Status, ball, enclosure, rational, working_precision
from .power_series import Scalar

__all__ = ["Coefficient", "for_people", "scalar"]

#: A coefficient as people see it.
Coefficient: TypeAlias = Fraction | AlgebraicNumber | Enclosure


def scalar(value: object) -> Scalar:
    """A coefficient as the package keeps it: exact where the input is exact, otherwise a ball.

    A float stands for a number rounded to 53 bits, an mpf for one rounded to the working precision of mpmath at the
    time, so that both become balls of that relative radius; their exact zeros stay exact.
    """
    if isinstance(value, AlgebraicNumber):
        return rational_part(value)
    if isinstance(value, Enclosure):
        return value.ball(64 + max(0, value.accuracy_bits()))
    exact = rational(value)  # refuses NaN, infinities and what is not a number
    if isinstance(value, sympy.Float):
        return _rounded(exact or fmpq(0), fmpq(0), value._prec)
    if isinstance(value, sympy.Basic):
        return exact if exact is not None else _algebraic(value)
    if isinstance(value, (arb, acb)):
        return acb(value)
    if isinstance(value, (mpmath.mpf, mpmath.mpc)):
        z = mpmath.mpc(value)
        return _rounded(rational(z.real) or fmpq(0), rational(z.imag) or fmpq(0), mpmath.mp.prec)
    if isinstance(value, numbers.Complex) and not isinstance(value, numbers.Rational):
        c = complex(value)
        return _rounded(rational(c.real) or fmpq(0), rational(c.imag) or fmpq(0), 53)
    if exact is not None:
        return exact
    if isinstance(value, str):
        z_ball = ball(value, 4096)
        with working_precision(4096):
            return gaussian_rational(_exact(z_ball.real, value), _exact(z_ball.imag, value))
    raise TypeError(f"a coefficient must be a number, got {value!r} of type {type(value).__name__}")


def rational_part(value: AlgebraicNumber) -> Scalar:
    """The rational that an algebraic number is, or the number itself where it is irrational."""
    return value.poly[0] if value.is_rational else value


def _exact(part: arb, text: str) -> fmpq:
    if not part.is_exact():
        raise ValueError(f"the complex coefficient {text!r} is not a binary fraction: give it as a sympy number")
    man, exp = part.man_exp()
    return fmpq(int(man)) * fmpq(2) ** int(exp)


def _rounded(re_part: fmpq, im_part: fmpq, bits: int) -> Scalar:
    if re_part == 0 and im_part == 0:
        return fmpq(0)
    with working_precision(bits + 32):
        one = arb(1, arb(2) ** -bits)
        return acb(arb(re_part) * one, arb(im_part) * one)


def _algebraic(value: sympy.Basic) -> Scalar:
    re_part, im_part = value.as_real_imag()
    if isinstance(re_part, sympy.Rational) and isinstance(im_part, sympy.Rational):
        return gaussian_rational(fmpq(int(re_part.p), int(re_part.q)), fmpq(int(im_part.p), int(im_part.q)))
    if not value.is_algebraic:
        raise TypeError(f"the coefficient {value} is not known to be algebraic: give a ball or an mpf for it")
    t = sympy.Symbol("t")
    poly = sympy.Poly(sympy.minimal_polynomial(value, t), t)
    field = NumberField(fmpz_poly([int(c) for c in reversed(poly.all_coeffs())]), ball(value, 256))
    return field.generator


def for_people(term: Scalar, status: Status = "estimated") -> Coefficient:
    """Exact numbers as they are; a ball is as good as the word for the numbers it came from, so it is an estimate."""
    if isinstance(term, fmpq):
        return Fraction(int(term.p), int(term.q))
    return enclosure(term, status, "radius of the ball given") if isinstance(term, acb) else term
