"""Polynomials with rational coefficients, from text or from sympy.

Text is read by Python's own parser into a syntax tree, and the tree is walked over a whitelist: sums, products, powers,
numbers, names. Nothing is ever evaluated as code. Every operation is priced before it is carried out, so that a short
text that stands for a huge polynomial (``(x+y+1)**100000``, ``9**9**9``) is refused instead of computed.

>>> parse_polynomial("(x^2 + y - 11)^2 - 0.5*x/3")
x^4 + 2*x^2*y - 22*x^2 + y^2 - 1/6*x - 22*y + 121
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Iterable

import sympy
from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from .numbers import rational

__all__ = ["parse_polynomial", "polynomial_from_sympy"]

#: Largest total degree of a polynomial, in the result and on the way there.
MAX_DEGREE = 200
#: Largest number of terms, in the result and on the way there.
MAX_TERMS = 20_000
#: Largest size of a coefficient.
MAX_COEFFICIENT_BITS = 20_000
#: Coefficient operations that one text may cost; about a second.
MAX_WORK = 3_000_000
#: Longest text.
MAX_CHARACTERS = 50_000

#: Names of constants: as the name of a variable each would be a misunderstanding.
_RESERVED = frozenset({"pi", "E", "I", "oo", "zoo", "nan", "inf", "NaN", "Inf", "infinity"})


def parse_polynomial(text: str) -> fmpq_mpoly:
    """Read a polynomial with rational coefficients from text.

    Parameters
    ----------
    text : str
        Sums, products and powers of names and numbers: ``+ - *``, ``/`` by a constant, ``**`` or ``^`` (both are the
        power), parentheses. Numbers are integers or decimals; a decimal is exact (``0.1`` is 1/10).

    Returns
    -------
    fmpq_mpoly
        In a context whose variables are all names of the text, sorted (``x2`` before ``x10``).

    Raises
    ------
    TypeError
        ``text`` is not a str.
    ValueError
        The text is empty, is not Python-like arithmetic, is not a polynomial over Q, or stands for a polynomial beyond
        the limits: total degree 200, 20000 terms, coefficients of 20000 bits.

    Examples
    --------
    >>> parse_polynomial("x^2/2 - x^3/3")
    -1/3*x^3 + 1/2*x^2
    >>> parse_polynomial("sin(x)")
    Traceback (most recent call last):
        ...
    ValueError: 'sin(x)' is not a polynomial: the call 'sin(x)' is not allowed; + - * / ** ^, numbers and names are
    """
    if not isinstance(text, str):
        raise TypeError(f"a polynomial is given as text, got {text!r} of type {type(text).__name__}")
    source = text.strip()
    if not source:
        raise ValueError("the text is empty; give a polynomial such as 'x**2 + x**4'")
    if len(source) > MAX_CHARACTERS:
        raise ValueError(f"the text has {len(source)} characters; at most {MAX_CHARACTERS} are read")
    if "#" in source:
        raise ValueError(f"{_short(source)} holds a comment sign; only arithmetic is read")
    return _TextReader(source).read()


def polynomial_from_sympy(expression: sympy.Expr) -> fmpq_mpoly:
    """Turn a sympy expression into a polynomial with rational coefficients.

    Parameters
    ----------
    expression : sympy.Expr
        Built from symbols, rational numbers, sums, products and powers; sympy Floats are refused, because what they
        stand for cannot be told (write Rational(1, 10), not 0.1).

    Returns
    -------
    fmpq_mpoly
        In a context whose variables are the names of the symbols, sorted as in :func:`parse_polynomial`.

    Raises
    ------
    TypeError
        ``expression`` is not a sympy expression.
    ValueError
        It is not a polynomial over Q, or is beyond the limits of :func:`parse_polynomial`.

    Examples
    --------
    >>> x, y = sympy.symbols("x y")
    >>> polynomial_from_sympy((x + y) ** 2 / 2)
    1/2*x^2 + x*y + 1/2*y^2
    """
    if not isinstance(expression, sympy.Expr):
        raise TypeError(f"a sympy expression is needed, got {expression!r} of type {type(expression).__name__}")
    try:
        names = [str(symbol) for symbol in expression.free_symbols]
        if len(set(names)) < len(names):
            raise ValueError(
                f"{_short(str(expression))} has different symbols of the same name; rename or substitute them"
            )
        return _from_sympy(expression, _Arithmetic(names, str(expression)))
    except RecursionError:
        raise ValueError("the expression is nested too deeply to be read as a polynomial") from None


def _short(text: str) -> str:
    """A text, quoted, cut to what fits into a message."""
    return repr(text if len(text) <= 80 else text[:77] + "...")


def _natural_order(name: str) -> tuple[tuple[str, int], ...]:
    """Sort key by which x2 comes before x10."""
    return tuple((letters, int(digits or -1)) for letters, digits in re.findall(r"([^0-9]*)([0-9]*)", name))


class _Arithmetic:
    """Polynomial operations that refuse before they become expensive.

    ``subject`` is the text or expression at hand, for messages.
    """

    def __init__(self, names: Iterable[str], subject: str) -> None:
        self.names = tuple(sorted(set(names), key=_natural_order))
        self.subject = _short(subject)
        for name in self.names:
            if name in _RESERVED:
                raise self.refuse(f"{name!r} is the name of a constant, not of a variable")
        self.context = fmpq_mpoly_ctx.get(self.names, Ordering.degrevlex)
        self._generators = dict(zip(self.names, self.context.gens(), strict=True))
        self._work = 0

    def refuse(self, reason: str) -> ValueError:
        return ValueError(f"{self.subject} is not a polynomial with rational coefficients: {reason}")

    def _too_large(self, what: str) -> ValueError:
        return ValueError(f"{self.subject} is too large: {what}")

    def _spend(self, operations: int) -> None:
        self._work += operations
        if self._work > MAX_WORK:
            raise self._too_large("expanding it takes too many operations; give it in expanded form")

    def _check_terms(self, bound: int, degree: int) -> None:
        """Refuse unless a polynomial of ``degree`` with at most ``bound`` terms is small enough."""
        if degree > MAX_DEGREE:
            raise self._too_large(f"total degree {degree}, and at most {MAX_DEGREE} is read")
        if min(bound, math.comb(degree + len(self.names), len(self.names))) > MAX_TERMS:
            raise self._too_large(f"it may expand to more than {MAX_TERMS} terms")

    def _check_bits(self, bits: int) -> None:
        if bits > MAX_COEFFICIENT_BITS:
            raise self._too_large(f"a coefficient of about {bits} bits, and at most {MAX_COEFFICIENT_BITS} are kept")

    def constant(self, value: fmpq) -> fmpq_mpoly:
        self._check_bits(_bits(value))
        return self.context.constant(value)

    def variable(self, name: str) -> fmpq_mpoly:
        return self._generators[name]

    def add(self, a: fmpq_mpoly, b: fmpq_mpoly) -> fmpq_mpoly:
        self._spend(len(a) + len(b))
        self._check_terms(len(a) + len(b), 0 if not len(a) + len(b) else max(_degree(a), _degree(b)))
        return a + b

    def multiply(self, a: fmpq_mpoly, b: fmpq_mpoly) -> fmpq_mpoly:
        self._check_terms(len(a) * len(b), _degree(a) + _degree(b))
        self._spend(len(a) * len(b))
        self._check_bits(_height(a) + _height(b))
        return a * b

    def divide(self, a: fmpq_mpoly, b: fmpq_mpoly) -> fmpq_mpoly:
        if not b.is_constant():
            raise self.refuse(f"division by {_short(str(b))}, which is not a constant")
        if not len(b):
            raise self.refuse("division by zero")
        return self.multiply(a, self.context.constant(1 / b.coeffs()[0]))

    def power(self, base: fmpq_mpoly, exponent: fmpq_mpoly) -> fmpq_mpoly:
        if not exponent.is_constant():
            raise self.refuse(f"the exponent {_short(str(exponent))} is not a number")
        power = exponent.coeffs()[0] if len(exponent) else fmpq(0)
        if power.q != 1:
            raise self.refuse(f"the exponent {power} is not an integer")
        if power < 0:
            raise self.refuse(f"the exponent {power} is negative")
        n = int(power)
        if n == 0:
            return self.context.constant(1)
        if base.is_constant():
            return self.context.constant(self._number_power(base.coeffs()[0] if len(base) else fmpq(0), n))
        if n > MAX_DEGREE:
            raise self._too_large(f"total degree {n * _degree(base)}, and at most {MAX_DEGREE} is read")
        self._check_terms(math.comb(n + len(base) - 1, n), n * _degree(base))
        self._check_bits(n * (_height(base) + len(base).bit_length()))
        # Terms of the result times terms of the base: what a power by recurrence costs.
        self._spend(math.comb(n * _degree(base) + len(self.names), len(self.names)) if len(base) > 1 else 1)
        return base**n

    def _number_power(self, base: fmpq, n: int) -> fmpq:
        if base in (0, 1):
            return base
        if base == -1:
            return base if n % 2 else fmpq(1)
        self._check_bits(n * (_bits(base) - 1))
        return base**n


def _degree(poly: fmpq_mpoly) -> int:
    return int(poly.total_degree()) if len(poly) else 0


def _bits(value: fmpq) -> int:
    return max(int(value.p).bit_length(), int(value.q).bit_length())


def _height(poly: fmpq_mpoly) -> int:
    """Bits of the largest numerator or denominator."""
    return max(map(_bits, poly.coeffs()), default=0)


class _TextReader:
    """One text on its way to a polynomial."""

    def __init__(self, text: str) -> None:
        self.text = text  # as given, for messages
        # In Python ^ binds looser than +, so x^2 + x^4 has to be rewritten before it is read.
        self.source = text.replace("^", "**")
        self.tree = self._tree()
        names = [node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):  # before its name is taken for a variable
                raise ValueError(self._not_allowed(node))
        self.arithmetic = _Arithmetic(names, text)

    def _tree(self) -> ast.expr:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python warns about texts like "1or x", which are refused below
                return ast.parse(self.source, mode="eval").body
        except (RecursionError, MemoryError):
            raise ValueError(f"{_short(self.text)} is nested too deeply, or is a sum too long, to be read") from None
        except UnicodeEncodeError:
            raise ValueError(f"{_short(self.text)} holds characters that are not text") from None
        except (SyntaxError, ValueError) as error:
            reason = error.msg if isinstance(error, SyntaxError) else str(error)
            raise ValueError(
                f"{_short(self.text)} cannot be read as a polynomial: {reason} (a product is written 2*x)"
            ) from None

    def _text_of(self, node: ast.AST) -> str:
        return ast.get_source_segment(self.source, node) or ""

    def _not_allowed(self, node: ast.AST) -> str:
        kind = {ast.Call: "call", ast.Attribute: "attribute", ast.Lambda: "function"}.get(type(node), "expression")
        return (
            f"{_short(self.text)} is not a polynomial: the {kind} {_short(self._text_of(node))} is not allowed; "
            "+ - * / ** ^, numbers and names are"
        )

    def read(self) -> fmpq_mpoly:
        """Walk the tree from the leaves, without recursion: a sum of many terms is a deep tree."""
        values: list[fmpq_mpoly] = []
        todo: list[tuple[ast.expr, bool]] = [(self.tree, False)]
        while todo:
            node, operands_done = todo.pop()
            if isinstance(node, ast.BinOp):
                if operands_done:
                    right, left = values.pop(), values.pop()
                    values.append(self._operate(node, left, right))
                else:
                    todo += [(node, True), (node.right, False), (node.left, False)]
            elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
                if operands_done:
                    values.append(-values.pop() if isinstance(node.op, ast.USub) else values.pop())
                else:
                    todo += [(node, True), (node.operand, False)]
            elif isinstance(node, ast.Name):
                values.append(self.arithmetic.variable(node.id))
            elif isinstance(node, ast.Constant):
                values.append(self.arithmetic.constant(self._number(node)))
            else:
                raise ValueError(self._not_allowed(node))
        return values[0]

    def _operate(self, node: ast.BinOp, left: fmpq_mpoly, right: fmpq_mpoly) -> fmpq_mpoly:
        match node.op:
            case ast.Add():
                return self.arithmetic.add(left, right)
            case ast.Sub():
                return self.arithmetic.add(left, -right)
            case ast.Mult():
                return self.arithmetic.multiply(left, right)
            case ast.Div():
                return self.arithmetic.divide(left, right)
            case ast.Pow():
                return self.arithmetic.power(left, right)
        raise ValueError(self._not_allowed(node))

    def _number(self, node: ast.Constant) -> fmpq:
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise ValueError(self._not_allowed(node))
        if isinstance(node.value, int):
            return fmpq(node.value)
        # The float has lost what the text says: read the digits themselves.
        value = rational(self._text_of(node).replace("_", ""))
        assert value is not None, "Python's decimals are decimals"
        return value


def _from_sympy(expression: sympy.Expr, arithmetic: _Arithmetic) -> fmpq_mpoly:
    if isinstance(expression, sympy.Rational):
        return arithmetic.constant(fmpq(int(expression.p), int(expression.q)))
    if isinstance(expression, sympy.Symbol):
        return arithmetic.variable(expression.name)
    if isinstance(expression, sympy.Float):
        raise arithmetic.refuse(f"non-rational coefficients: the float {expression}; write Rational(1, 10) for 0.1")
    if isinstance(expression, sympy.Add):
        total = arithmetic.constant(fmpq(0))
        for term in expression.args:
            total = arithmetic.add(total, _from_sympy(term, arithmetic))
        return total
    if isinstance(expression, sympy.Mul):
        product = arithmetic.constant(fmpq(1))
        for factor in expression.args:
            product = arithmetic.multiply(product, _from_sympy(factor, arithmetic))
        return product
    if isinstance(expression, sympy.Pow) and expression.base.free_symbols:
        return arithmetic.power(*(_from_sympy(part, arithmetic) for part in expression.args))
    if not expression.free_symbols:
        raise arithmetic.refuse(f"non-rational coefficients: {expression}")
    raise arithmetic.refuse(f"{expression} is not a sum, product or power of symbols and rational numbers")
