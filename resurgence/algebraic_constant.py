"""An algebraic number inside a sympy expression, without sympy having to isolate it among the roots of a polynomial."""

from __future__ import annotations

from typing import Any

import mpmath
import sympy
from flint import acb

from .algebraic import AlgebraicNumber
from .numbers import complex_midpoint

__all__ = ["AlgebraicConstant"]


class AlgebraicConstant(sympy.AtomicExpr):  # type: ignore[misc]
    """A sympy atom that stands for an :class:`AlgebraicNumber`.

    A ``CRootOf`` of degree 27 costs sympy a minute; this costs nothing, and is enclosed to any precision all the same.

    Examples
    --------
    >>> from resurgence.algebraic import gaussian_rational
    >>> z = AlgebraicConstant(gaussian_rational(3, 4))
    >>> sympy.sqrt(z).evalf(10)
    2.0 + 1.0*I
    """

    is_number = True
    is_commutative = True
    is_algebraic = True
    is_finite = True

    def __new__(cls, number: AlgebraicNumber) -> AlgebraicConstant:
        constant = sympy.AtomicExpr.__new__(cls)
        constant.number = number
        return constant  # type: ignore[no-any-return]

    def ball(self, bits: int) -> acb:
        """A certified ball of about ``bits`` bits."""
        ball: acb = self.number.ball(bits)
        return ball

    def _hashable_content(self) -> tuple[Any, ...]:
        field = self.number.field
        root = complex(field.root(64))
        return (
            tuple(int(c) for c in field.modulus.coeffs()),
            tuple((int(c.p), int(c.q)) for c in self.number.poly.coeffs()),
            (f"{root.real:.12e}", f"{root.imag:.12e}"),
        )

    def _eval_is_extended_real(self) -> bool:
        return bool(self.ball(64).imag.is_zero())

    def _eval_evalf(self, precision: int) -> sympy.Expr:
        value = complex_midpoint(self.ball(precision + 8))
        real = sympy.Float._new(value.real._mpf_, precision)
        return real if value.imag == 0 else real + sympy.I * sympy.Float._new(value.imag._mpf_, precision)

    def _sympystr(self, printer: Any) -> str:
        value = complex_midpoint(self.ball(64))
        return str(mpmath.nstr(value if value.imag else value.real, 12))

    def _latex(self, printer: Any) -> str:
        return self._sympystr(printer).replace("j", " i")
