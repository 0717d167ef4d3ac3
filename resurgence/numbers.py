"""Exact rationals, balls and mpmath numbers, and the one place where precision is set.

Three kinds of number occur in the package:

* *exact* ones: :class:`flint.fmpq` and :class:`~resurgence.algebraic.AlgebraicNumber` inside,
  :class:`fractions.Fraction` for people;
* *balls*: :class:`flint.arb` and :class:`flint.acb`, a midpoint with a radius, never shown to people;
* :class:`Enclosure`: an mpmath number, a bound for its error, and a word saying what the bound rests on.

python-flint keeps one working precision for the whole process. It is changed in :func:`working_precision` alone,
which holds a lock and restores the precision when it is left, by an exception too.  mpmath's global context is
never used for computing.
"""

from __future__ import annotations

import math
import numbers
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, NoReturn, cast

import flint
import mpmath
import sympy
from flint import acb, arb, fmpq, fmpz, fmpz_poly
from mpmath import libmp

__all__ = ["Enclosure", "Status", "ball", "check_digits", "enclosure", "is_exact_zero", "rational", "working_precision"]

Status = Literal["proved", "certified", "estimated", "refuted"]
STATUSES: tuple[Status, ...] = ("proved", "certified", "estimated", "refuted")

#: Bits per decimal digit.
BITS_PER_DIGIT = math.log2(10)

#: Digits that may be asked for: beyond this a request is a mistake more often than a wish.
MAX_DIGITS = 100_000

_flint_lock = threading.RLock()


@contextmanager
def working_precision(bits: int, terms: int | None = None) -> Iterator[None]:
    """Run a block with flint's working precision at ``bits``; the caller's precision is put back on the way out.

    ``terms``, where given, is the number of terms that flint's power series keep (``flint.ctx.cap``).

    python-flint has one precision per process, so a lock is held meanwhile: computations of this package in several
    threads take turns instead of spoiling each other's precision. What a lock cannot do is hide the precision from a
    caller's *own* flint code that runs in another thread at the same moment.
    """
    if bits < 2:
        raise ValueError(f"working precision must be at least 2 bits, got {bits}")
    with _flint_lock:
        before, cap = flint.ctx.prec, flint.ctx.cap
        try:
            flint.ctx.prec = bits
            if terms is not None:
                flint.ctx.cap = terms
            yield
        finally:
            flint.ctx.prec, flint.ctx.cap = before, cap


def check_digits(digits: object) -> int:
    """Return ``digits`` as an int, or raise TypeError (not an integer) or ValueError (not in 1..100000)."""
    if isinstance(digits, bool) or not isinstance(digits, numbers.Integral):
        raise TypeError(f"digits must be an integer, got {digits!r}")
    value = int(digits)
    if not 1 <= value <= MAX_DIGITS:
        raise ValueError(f"digits must lie between 1 and {MAX_DIGITS}, got {value}")
    return value


def bits_for(digits: int) -> int:
    """Bits that hold ``digits`` decimal digits."""
    return math.ceil(digits * BITS_PER_DIGIT) + 4


# ---------------------------------------------------------------------------------------------------------------------
# In: numbers as people write them


_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_RATIONAL_TEXT = re.compile(rf"\s*([+-]?)\s*({_NUMBER})\s*(?:/\s*({_NUMBER}))?\s*")
_REAL = rf"{_NUMBER}(?:\s*/\s*{_NUMBER})?"
_IMAGINARY = rf"(?:({_REAL})?\s*\*?\s*[ijIJ](?:\s*/\s*({_NUMBER}))?)"
_COMPLEX_TEXT = re.compile(rf"\s*(?:([+-]?\s*{_REAL})(?:\s*([+-])\s*{_IMAGINARY})?|([+-]?)\s*{_IMAGINARY})\s*")


#: Binary exponents an mpf may have that is to become an exact rational.
MAX_BINARY_EXPONENT = 1_000_000

#: Decimal exponents a number in a text may have: 1e999999999 would fill the memory before anything could refuse it.
MAX_DECIMAL_EXPONENT = 20_000


def _rational_from_text(text: str) -> fmpq | None:
    match = _RATIONAL_TEXT.fullmatch(text)
    if match is None:
        return None
    sign, top, bottom = match.groups()
    for part in (top, bottom or "1"):
        exponent = re.search(r"[eE]([+-]?\d+)", part)
        if exponent is not None and abs(int(exponent.group(1)[:12])) > MAX_DECIMAL_EXPONENT:
            raise ValueError(f"the exponent in {text!r} is beyond {MAX_DECIMAL_EXPONENT}")
    denominator = Fraction(bottom) if bottom else Fraction(1)
    if denominator == 0:
        raise ValueError(f"division by zero in {text!r}")
    value = Fraction(top) / denominator
    return _fmpq(-value if sign == "-" else value)


def _fmpq(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def _mpf_to_fmpq(value: mpmath.mpf) -> fmpq:
    sign, man, exp, _ = value._mpf_
    if abs(exp) > MAX_BINARY_EXPONENT:
        raise ValueError(f"{mpmath.nstr(value, 5)} is too large or too small to be handled as an exact rational")
    numerator = -int(man) if sign else int(man)
    return fmpq(numerator << exp, 1) if exp >= 0 else fmpq(numerator, 1 << -exp)


def rational(value: object) -> fmpq | None:
    """Return ``value`` as an exact rational, or None where it is a number of another kind (complex, irrational, ball).

    Accepted: int, Fraction, sympy Rational, flint integers and rationals, text such as ``"1/10"``, ``"-0.25"`` or
    ``"3e-2"``; and finite floats and mpmath numbers, which stand for the binary fraction they are.

    Raises ValueError for NaN and infinities, TypeError for what is not a number.
    """
    if isinstance(value, bool) or value is None:
        raise TypeError(f"a number is needed, got {value!r}")
    if isinstance(value, fmpq):
        return value
    if isinstance(value, fmpz):
        return fmpq(value)
    if isinstance(value, str):
        exact = _rational_from_text(value)
        if exact is not None or _complex_from_text(value) is not None:
            return exact
        raise ValueError(f"{value!r} is not a number; write it like '1/10', '-0.25', '3e-2' or '1/2+3/4j'")
    if isinstance(value, sympy.Basic):
        if isinstance(value, sympy.Rational):
            return fmpq(int(value.p), int(value.q))
        if isinstance(value, sympy.Float):
            return rational(mpmath.mpf(value._mpf_)) if value.is_finite else _refuse_infinite(value)
        if value in (sympy.nan, sympy.oo, -sympy.oo, sympy.zoo):
            _refuse_infinite(value)
        if not value.is_number:
            raise TypeError(f"a number is needed, got the expression {value}")
        return None
    if isinstance(value, numbers.Rational):
        return fmpq(int(value.numerator), int(value.denominator))
    if isinstance(value, mpmath.mpf):
        if not mpmath.isfinite(value):
            _refuse_infinite(value)
        return _mpf_to_fmpq(value)
    if isinstance(value, mpmath.mpc):
        if not (mpmath.isfinite(value.real) and mpmath.isfinite(value.imag)):
            _refuse_infinite(value)
        return rational(value.real) if value.imag == 0 else None
    if isinstance(value, (arb, acb)):
        if not value.is_finite():
            _refuse_infinite(value)
        return None
    if isinstance(value, numbers.Real):
        real = float(value)
        if not math.isfinite(real):
            _refuse_infinite(value)
        return fmpq(*real.as_integer_ratio())
    if isinstance(value, numbers.Complex):
        z = complex(value)
        if not (math.isfinite(z.real) and math.isfinite(z.imag)):
            _refuse_infinite(value)
        return rational(z.real) if z.imag == 0 else None
    if hasattr(value, "ball"):
        return None
    raise TypeError(f"a number is needed, got {value!r} of type {type(value).__name__}")


def _refuse_infinite(value: object) -> NoReturn:
    raise ValueError(f"a finite number is needed, got {value}")


def split_complex(text: str) -> tuple[str, str] | None:
    """The texts of real and imaginary part ("0" for a part that is not there), or None for another kind of text.

    >>> split_complex("1/2 - 3.50j"), split_complex("-i"), split_complex("7e-3"), split_complex("2*x")
    (('1/2', '-3.50'), ('0', '-1'), ('7e-3', '0'), None)
    >>> split_complex("1 + 2j/3")
    ('1', '2/3')
    """
    match = _COMPLEX_TEXT.fullmatch(text)
    if match is None:
        return None
    real, sign, size, over, only_sign, only_size, only_over = match.groups()
    if real is None:
        real, sign, size, over = "0", only_sign, only_size, only_over
    elif sign is None:
        return re.sub(r"\s", "", real), "0"
    size = size or "1"
    if over is not None:
        if "/" in size:
            return None  # 1/2j/3
        size = f"{size}/{over}"
    return re.sub(r"\s", "", real), re.sub(r"\s", "", sign.replace("+", "") + size)


def _complex_from_text(text: str) -> tuple[fmpq, fmpq] | None:
    parts = split_complex(text)
    if parts is None:
        return None
    re_part, im_part = (_rational_from_text(part) for part in parts)
    assert re_part is not None, "split_complex gives texts of reals"
    assert im_part is not None, "split_complex gives texts of reals"
    return re_part, im_part


def ball(value: object, bits: int) -> acb:
    """Return a ball that contains ``value``, to about ``bits`` bits where the value is exact.

    Besides what :func:`rational` takes: complex numbers, text such as ``"1/2+3j"``, sympy constants (built from
    rationals, I, pi, E, roots, exp, log, gamma, sin, cos and ``CRootOf``), flint balls, and objects with a
    ``ball(bits)`` method. Floats and mpmath numbers stand for the binary fraction they are.

    Raises TypeError and ValueError as :func:`rational` does.
    """
    exact = rational(value)
    with working_precision(bits):
        if exact is not None:
            return acb(exact)
        if isinstance(value, (arb, acb)):
            return acb(value)
        if isinstance(value, str):
            parts = _complex_from_text(value)
            assert parts is not None, "rational() has accepted this text"
            return acb(*parts)
        if isinstance(value, mpmath.mpc):
            return acb(arb(value.real), arb(value.imag))
        if isinstance(value, sympy.Basic):
            return _sympy_ball(value)
        if isinstance(value, numbers.Complex):
            z = complex(value)
            return acb(fmpq(*z.real.as_integer_ratio()), fmpq(*z.imag.as_integer_ratio()))
        result: acb = value.ball(bits)  # type: ignore[attr-defined]
        return result


_SYMPY_FUNCTIONS: dict[Any, str] = {
    sympy.exp: "exp",
    sympy.log: "log",
    sympy.gamma: "gamma",
    sympy.sin: "sin",
    sympy.cos: "cos",
}


def _sympy_ball(expr: sympy.Basic) -> acb:
    """Evaluate a sympy constant in balls, at flint's current precision."""
    if hasattr(expr, "ball"):  # an AlgebraicConstant
        result: acb = expr.ball(flint.ctx.prec)
        return result
    if isinstance(expr, sympy.Rational):
        return acb(fmpq(int(expr.p), int(expr.q)))
    if isinstance(expr, sympy.Float):
        return acb(arb(mpmath.mp.make_mpf(expr._mpf_)))
    if expr is sympy.I:
        return acb(0, 1)
    if expr is sympy.pi:
        return acb.pi()
    if expr is sympy.E:
        return acb(1).exp()
    if isinstance(expr, sympy.Add):
        total = acb(0)
        for term in expr.args:
            total = total + _sympy_ball(term)
        return total
    if isinstance(expr, sympy.Mul):
        product = acb(1)
        for factor in expr.args:
            product = product * _sympy_ball(factor)
        return product
    if isinstance(expr, sympy.Pow):
        base, power = expr.args
        if power == sympy.Rational(1, 2):
            return _sympy_ball(base).sqrt()
        if power == sympy.Rational(-1, 2):
            return 1 / _sympy_ball(base).sqrt()
        if isinstance(power, sympy.Integer):
            return _sympy_ball(base) ** int(power)
        return _sympy_ball(base) ** _sympy_ball(power)
    if isinstance(expr, sympy.exp):
        return _sympy_ball(expr.args[0]).exp()
    if isinstance(expr, sympy.CRootOf):
        return _root_ball(expr)
    method = _SYMPY_FUNCTIONS.get(expr.func)
    if method is None:
        raise TypeError(f"cannot enclose {expr}: {type(expr).__name__} is not among the constants that are understood")
    result = getattr(_sympy_ball(expr.args[0]), method)()
    return result


def roots_with_multiplicity(poly: fmpz_poly) -> list[tuple[acb, int]]:
    """The complex roots of an integer polynomial as certified, disjoint balls at flint's current precision."""
    return list(_roots(tuple(poly.coeffs()), flint.ctx.prec))


@lru_cache(maxsize=64)  # the conjugates of one number ask for the roots of one polynomial over and over
def _roots(coefficients: tuple[fmpz, ...], bits: int) -> tuple[tuple[acb, int], ...]:
    return tuple(cast("list[tuple[acb, int]]", fmpz_poly(list(coefficients)).complex_roots()))


def _root_ball(root: sympy.CRootOf) -> acb:
    poly = fmpz_poly([int(c) for c in reversed(root.poly.all_coeffs())])
    # sympy isolates the root by exact intervals, so a low-precision value names it among the enclosures of all roots.
    for digits in (15, 30, 60, 120, 240):
        close = root.evalf(digits)
        re_part, im_part = (_mpf_to_fmpq(mpmath.mpf(part._mpf_)) for part in map(sympy.Float, close.as_real_imag()))
        slack = arb(0, fmpq(1, 10 ** (digits - 3)).__float__() * (1 + abs(complex(close))))
        near = [
            z
            for z, _ in roots_with_multiplicity(poly)
            if (z - acb(arb(re_part) + slack, arb(im_part) + slack)).contains(0)
        ]
        if len(near) == 1:
            return acb(near[0])
    raise ValueError(f"the roots of {root.poly} are too close together to tell {root} apart")


def is_exact_zero(value: object) -> bool:
    """Whether a coefficient is exactly zero (a ball counts only when its radius is zero)."""
    if isinstance(value, acb):
        return bool(value.is_zero())
    return bool(value == 0)


# ---------------------------------------------------------------------------------------------------------------------
# Out: mpmath numbers with errors


def midpoint(value: arb) -> mpmath.mpf:
    """The midpoint of a real ball, exactly."""
    return mpmath.mp.make_mpf(value.mid()._mpf_)


def complex_midpoint(value: acb) -> mpmath.mpc:
    """The midpoint of a complex ball, exactly."""
    return mpmath.mp.make_mpc((value.real.mid()._mpf_, value.imag.mid()._mpf_))


def radius(value: acb | arb) -> mpmath.mpf:
    """An upper bound for the distance between the midpoint of a ball and any of its points."""
    with working_precision(30):
        if isinstance(value, acb):
            bound = (value.real.rad() ** 2 + value.imag.rad() ** 2).sqrt().upper()
        else:
            bound = value.rad().upper()
    return mpmath.mp.make_mpf(bound.mid()._mpf_)


def enclosure(value: acb | arb, status: Status, method: str = "", error: mpmath.mpf | None = None) -> Enclosure:
    """An :class:`Enclosure` of a ball; ``error`` (of the method) is added to the ball's own radius."""
    own = radius(value)
    if error is not None:
        with working_precision(30):
            total = (arb(own) + arb(error)).upper()
        own = mpmath.mp.make_mpf(total.mid()._mpf_)
    if isinstance(value, arb):
        value = acb(value)
    return Enclosure(complex_midpoint(value), own, status, method)


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A number with an error and what the error rests on.

    Attributes
    ----------
    value : mpmath.mpc
        The number.
    error : mpmath.mpf
        ``|value - truth| <= error``: a theorem where ``status`` is ``"proved"`` or ``"certified"``, an estimate where
        it is ``"estimated"``.
    status : str
        ``"proved"`` (exact algebra), ``"certified"`` (a ball that contains the truth), ``"estimated"`` (see
        ``method``), or ``"refuted"``.
    method : str
        How value and error were got, in a few words.

    Examples
    --------
    >>> import mpmath
    >>> e = Enclosure(mpmath.mpc("0.25"), mpmath.mpf("1e-3"), "estimated", "by eye")
    >>> print(e)
    0.250 ± 1.0e-3 (estimated)
    >>> e.contains(0.2505), e.contains(0.26)
    (True, False)
    """

    value: mpmath.mpc
    error: mpmath.mpf
    status: Status
    method: str = ""

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"status must be one of {', '.join(STATUSES)}, got {self.status!r}")
        if not (mpmath.isfinite(self.value) and self.error >= 0):
            raise ValueError(f"an enclosure needs a finite value and an error >= 0, got {self.value} ± {self.error}")

    def ball(self, bits: int) -> acb:
        """The square of half-width ``error`` around ``value``, as a ball."""
        with working_precision(max(bits, 64)):
            spread = arb(0, arb(self.error).upper())
            return acb(arb(self.value.real) + spread, arb(self.value.imag) + spread)

    def contains(self, number: object) -> bool:
        """Whether ``|value - number| <= error``, decided in balls at a precision that resolves the error.

        For another enclosure: whether the two overlap, as they must when both contain the same number.
        """
        other_error = number.error if isinstance(number, Enclosure) else mpmath.mpf(0)
        bits = 64 + max(0, self.accuracy_bits())
        target = ball(number.value if isinstance(number, Enclosure) else number, bits)
        with working_precision(bits):
            distance = abs(acb(arb(self.value.real), arb(self.value.imag)) - target)
            return not distance > arb(self.error) + arb(other_error)

    def accuracy_bits(self) -> int:
        """Number of bits of ``value`` that ``error`` leaves standing (relative to the modulus; very large if exact)."""
        if self.error == 0:
            return max(53, _mantissa_bits(self.value))
        size = max(_exponent(self.value.real), _exponent(self.value.imag))
        return size - _exponent(self.error)

    @property
    def digits(self) -> int:
        """Number of decimal digits of ``value`` that ``error`` leaves standing."""
        return max(0, math.floor(self.accuracy_bits() / BITS_PER_DIGIT))

    def __complex__(self) -> complex:
        return complex(self.value)

    def _text(self, most: int | None = None) -> tuple[str, str]:
        shown = max(1, self.digits + 1)
        if self.error == 0:
            shown = max(15, shown)
        if most is not None:
            shown = min(shown, most)
        if self.value.imag == 0 or _negligible(self.value.imag, self.error):
            text = mpmath.nstr(self.value.real, shown, strip_zeros=False)
        elif _negligible(self.value.real, self.error):
            text = mpmath.nstr(self.value.imag, shown, strip_zeros=False) + "j"
        else:
            re_text = mpmath.nstr(self.value.real, shown, strip_zeros=False)
            # abs() would round to mpmath's global precision.
            im_text = mpmath.nstr(mpmath.mp.make_mpf(libmp.mpf_abs(self.value.imag._mpf_)), shown, strip_zeros=False)
            text = f"{re_text} {'-' if self.value.imag < 0 else '+'} {im_text}j"
        return text, mpmath.nstr(self.error, 2, strip_zeros=False, min_fixed=0, max_fixed=0)

    def __str__(self) -> str:
        text, error = self._text()
        return f"{text} ± {error} ({self.status})" if self.error else f"{text} ({self.status})"

    def _repr_latex_(self) -> str:
        text, error = self._text()
        error = re.sub(r"e([+-]?)0*(\d+)", lambda m: rf" \cdot 10^{{{m[1].replace('+', '')}{m[2]}}}", error)
        tail = rf" \pm {error}" if self.error else ""
        return rf"${text.replace('j', chr(92) + ',i')}{tail}$ ({self.status})"

    @classmethod
    def from_ball(cls, value: acb, status: Status = "certified") -> Enclosure:
        """The enclosure of a flint ball."""
        return enclosure(value, status)

    def short(self, digits: int) -> str:
        """The number alone, to the digits that its error leaves standing but no more than ``digits``."""
        return self._text(digits)[0]

    def to_dict(self) -> dict[str, str]:
        """Decimal text of every part, enough digits to give the number back within its error."""
        shown = max(20, self.digits + 5)
        return {
            "real": mpmath.nstr(self.value.real, shown),
            "imag": mpmath.nstr(self.value.imag, shown),
            "error": mpmath.nstr(self.error, 3),
            "status": self.status,
            "method": self.method,
        }


def _exponent(value: mpmath.mpf) -> int:
    """e with 2^(e-1) <= |value| < 2^e; a very negative number for zero."""
    _, man, exp, bc = value._mpf_
    return int(exp + bc) if man else -(1 << 40)


def _mantissa_bits(value: mpmath.mpc) -> int:
    return int(max(value.real._mpf_[3], value.imag._mpf_[3]))


def _negligible(part: mpmath.mpf, error: mpmath.mpf) -> bool:
    return bool(abs(part) <= error)
