"""Numbers as people type them: ``1/10``, ``-0.25``, ``1/2+3j``, ``2**(5/3)/3``, ``-pi/2``.

Two readings of a decimal are needed. Typed as a parameter, 0.25 is 1/4: :func:`exact_number`. In a table of results
it is a number rounded to two places: :func:`rounded_number`. Text is never evaluated as code; what is more than a real
or complex number goes to Python's own parser, and the tree is walked over a whitelist.
"""

from __future__ import annotations

import ast
import re

import sympy
from flint import acb, arb, fmpq, fmpz

from .algebraic import AlgebraicNumber, gaussian_rational
from .numbers import BITS_PER_DIGIT, MAX_DECIMAL_EXPONENT, rational, split_complex, working_precision

__all__ = ["exact_number", "rounded_number"]

#: Longest text of one parameter.
MAX_CHARACTERS = 400
#: Longest text of one entry of a table.
MAX_ENTRY = 100_000
#: Largest power, up or down, and largest denominator of a fractional one.
MAX_POWER = 1000
#: Largest numerator and denominator that are raised to a fractional power: roots are found by factoring.
MAX_RADICAND = 10**20

_HINT = "write it like 1/10, -0.25, 1/2+3j, 2**(5/3)/3, sqrt(2) or -pi/2"
_NAMES: dict[str, sympy.Expr] = {"pi": sympy.pi, "I": sympy.I, "i": sympy.I, "j": sympy.I}

_SIMPLE_DECIMAL = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d*)\.?(?P<part>\d*)(?:[eE](?P<exponent>[+-]?\d+))?")


def exact_number(text: str) -> sympy.Expr:
    """Read one exact number.

    Parameters
    ----------
    text : str
        A rational or complex number, ``1/10`` or ``1/2+3/4j`` (decimals are exact: ``0.1`` is 1/10); or arithmetic
        (``+ - * / **``, ``^`` for ``**``, parentheses) over such reals, ``pi``, ``I`` and ``sqrt(...)``, where powers
        are rational.

    Returns
    -------
    sympy.Expr
        An exact constant.

    Raises
    ------
    TypeError
        ``text`` is not a str.
    ValueError
        It is not such a number, divides by zero, or is too large.

    Examples
    --------
    >>> exact_number("0.1"), exact_number("1/2+3/4j")
    (1/10, 1/2 + 3*I/4)
    >>> exact_number("2**(5/3)/3"), exact_number("-pi/2")
    (2*2**(2/3)/3, -pi/2)
    """
    if not isinstance(text, str):
        raise TypeError(f"a number is given as text, got {text!r} of type {type(text).__name__}")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"a number of {len(text)} characters is too long, at most {MAX_CHARACTERS} are read")
    parts = split_complex(text)
    if parts is not None:
        return _rational(parts[0]) + sympy.I * _rational(parts[1])
    try:
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _refusal(text) from None
    return _value(tree, text)


def _refusal(text: str, reason: str = _HINT) -> ValueError:
    return ValueError(f"{text.strip()!r} is not a number: {reason}")


def _rational(text: str) -> sympy.Rational:
    exact = rational(text)
    assert exact is not None, "a real text stands for a rational number"
    return sympy.Rational(int(exact.p), int(exact.q))


def _value(node: ast.expr, text: str) -> sympy.Expr:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return _rational(ast.get_source_segment(text.strip().replace("^", "**"), node) or "")
    if isinstance(node, ast.Name) and node.id in _NAMES:
        return _NAMES[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
        operand = _value(node.operand, text)
        return -operand if isinstance(node.op, ast.USub) else operand
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sqrt":
        if len(node.args) != 1 or node.keywords:
            raise _refusal(text, "sqrt takes one number")
        return _power(_value(node.args[0], text), sympy.Rational(1, 2), text)
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, text), _value(node.right, text)
        match node.op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                return left * _power(right, sympy.Integer(-1), text)
            case ast.Pow():
                return _power(left, right, text)
    raise _refusal(text)


def _power(base: sympy.Expr, power: sympy.Expr, text: str) -> sympy.Expr:
    if not isinstance(power, sympy.Rational):
        raise _refusal(text, f"the power {power} is not rational")
    if base.is_zero is not False and power < 0:
        raise _refusal(text, "division by zero")
    if max(abs(power.p), power.q) > MAX_POWER:
        raise _refusal(text, f"the power {power} is beyond {MAX_POWER}")
    size = max((max(abs(r.p), r.q) for r in base.atoms(sympy.Rational)), default=1)
    if size > MAX_RADICAND and abs(power) != 1:
        raise _refusal(text, f"powers are taken of numbers up to {MAX_RADICAND:.0e}")
    return base**power


# ---------------------------------------------------------------------------------------------------------------------
# Entries of tables


def rounded_number(text: str) -> fmpq | AlgebraicNumber | acb:
    """Read one entry of a table of numbers.

    Parameters
    ----------
    text : str
        A real or complex number. Integers and fractions are exact. What is written with a decimal point or an exponent
        is taken for a number rounded to the digits written; a zero, however written, is zero.

    Returns
    -------
    fmpq, AlgebraicNumber or acb
        Exact where real and imaginary part are; otherwise a ball with half a unit in the last place as its radius.

    Raises
    ------
    ValueError
        For what is not a number, a division by zero, and what is too large.

    Examples
    --------
    >>> rounded_number("-3/4"), rounded_number("1.250e3"), rounded_number("0.00")
    (-3/4, [1.250e+3 +/- 0.501], 0)
    """
    if len(text) > MAX_ENTRY:
        raise ValueError(f"a number of {len(text)} characters is too long, at most {MAX_ENTRY} are read")
    parts = split_complex(text)
    if parts is None:
        shown = text if len(text) <= 60 else text[:57] + "..."
        raise ValueError(f"{shown!r} is not a number; write it like 3/4, -1.25e-3 or 1/2+3j")
    re_part, im_part = (_rounded_real(part) for part in parts)
    if isinstance(re_part, fmpq) and isinstance(im_part, fmpq):
        return re_part if im_part == 0 else gaussian_rational(re_part, im_part)
    with working_precision(64 + round(len(text) * BITS_PER_DIGIT)):
        return acb(re_part, im_part)


def _rounded_real(text: str) -> fmpq | arb:
    top, slash, bottom = text.partition("/")
    if slash:
        left, right = _rounded_real(top.strip()), _rounded_real(bottom.strip())
        if not (isinstance(left, fmpq) and isinstance(right, fmpq)):
            raise ValueError(f"{text!r} is a fraction of decimals; write integers, or one decimal")
        if right == 0:
            raise ValueError(f"division by zero in {text!r}")
        return left / right
    match = _SIMPLE_DECIMAL.fullmatch(text)
    assert match is not None, "split_complex has accepted this text"
    digits = fmpz(match["whole"] + match["part"])
    if match["sign"] == "-":
        digits = -digits
    if digits == 0 or re.fullmatch(r"[+-]?\d+", text):
        return fmpq(digits)
    exponent = int((match["exponent"] or "0")[:12])
    if abs(exponent) > MAX_DECIMAL_EXPONENT:
        raise ValueError(f"the exponent in {text!r} is beyond {MAX_DECIMAL_EXPONENT}")
    unit = fmpq(10) ** (exponent - len(match["part"]))
    with working_precision(64 + round(len(text) * BITS_PER_DIGIT)):
        return arb(digits * unit) + arb(0, arb(unit / 2).upper())
