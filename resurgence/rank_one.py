"""Differential equations in rank-one form: g^2 dy/dg = F(g, y), with F polynomial and F(0, y_0) = 0.

At g = 0 such a system has a formal power-series solution y_0 + y_1 g + ..., and its perturbations are exp(-A/g) g^beta,
with A an eigenvalue of dF/dy at (0, y_0) (Costin 2008, *Asymptotics and Borel Summability*, section 5.6).

A scalar equation for u(x) at x = infinity comes to this form by

    u = c x^p y(g),      g = 1/(kappa x^q),

where p and c are found by dominant balance among the terms without derivatives, and q from the slope that the Newton
polygon of the linearised equation then has (Wasow 1965, *Asymptotic Expansions*, section 19): terms of it with k
derivatives gain x^(k (q - 1)).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy
from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from .algebraic import AlgebraicNumber
from .coefficient import scalar
from .equation_text import differential_monomials
from .jacobian_ring import terms_of
from .numbers import ball, rational
from .parse import parse_polynomial, polynomial_from_sympy
from .power_series import Scalar

__all__ = ["RankOneSystem", "rank_one", "read_system"]

#: Unknowns of a system, and derivatives of a scalar equation, that are read.
MAX_UNKNOWNS = 12

_NAME = re.compile(r"[A-Za-z_]\w*")

#: A term c g^m y^gamma of a right-hand side: (m, gamma, c).
Term = tuple[int, tuple[int, ...], fmpq]


@dataclass(frozen=True)
class RankOneSystem:
    """g^2 dy_i/dg = F_i(g, y) and the point y_0 with F(0, y_0) = 0.

    Attributes
    ----------
    unknowns : tuple of str
        The names of y_1, ..., y_d.
    right_sides : tuple of tuples of (int, tuple of int, fmpq)
        For each F_i its terms c g^m y^gamma, as (m, gamma, c).
    at : tuple of fmpq or AlgebraicNumber
        y_0.
    variable : str
        The name of g.
    change : str
        How the unknowns belong to an equation that the system was made from; empty where it was given.
    """

    unknowns: tuple[str, ...]
    right_sides: tuple[tuple[Term, ...], ...]
    at: tuple[Scalar, ...]
    variable: str = "g"
    change: str = ""

    def __str__(self) -> str:
        names = (self.variable, *self.unknowns)
        context = fmpq_mpoly_ctx.get(names, Ordering.degrevlex)
        lines = []
        for name, terms in zip(self.unknowns, self.right_sides, strict=True):
            right = context.from_dict({(m, *gamma): c for m, gamma, c in terms})
            lines.append(f"{self.variable}^2 {name}' = {right}")
        return "\n".join([*lines, self.change] if self.change else lines)


def read_system(
    equations: Mapping[str, str | sympy.Expr], at: Mapping[str, object] | None = None, variable: str = "g"
) -> RankOneSystem:
    """A system from its right-hand sides.

    Parameters
    ----------
    equations : mapping
        For each unknown, by name, the polynomial F_i in g^2 dy_i/dg = F_i: text or a sympy expression.
    at : mapping, optional
        y_0: rational numbers, or algebraic ones of one field. An unknown that is left out begins at 0.
    variable : str
        The name of g.

    Returns
    -------
    RankOneSystem

    Raises
    ------
    TypeError, ValueError
        For what is no such system, with names beside the unknowns and g, or where F(0, y_0) is not zero.

    Examples
    --------
    >>> print(read_system({"y": "y - g*(1 + y^2)"}))
    g^2 y' = -g*y^2 - g + y
    """
    if not isinstance(equations, Mapping) or not equations:
        raise TypeError(
            f"a system is a mapping from the names of the unknowns to right-hand sides, as {{'y': 'y - g'}} for "
            f"g^2 dy/dg = y - g: got {equations!r}"
        )
    unknowns = tuple(equations)
    for name in (*unknowns, variable):
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(f"the name of an unknown or a variable is a word like 'y1', got {name!r}")
    if variable in unknowns:
        raise ValueError(f"{variable!r} names both an unknown and the variable: give variable='...'")
    if len(unknowns) > MAX_UNKNOWNS:
        raise ValueError(f"at most {MAX_UNKNOWNS} unknowns are read, got {len(unknowns)}")
    right_sides = []
    for name, right in equations.items():
        polynomial = parse_polynomial(right) if isinstance(right, str) else polynomial_from_sympy(right)
        right_sides.append(_terms(polynomial, unknowns, variable, name))
    start = dict(at or {})
    strange = set(start) - set(unknowns)
    if strange:
        raise ValueError(f"at names {', '.join(sorted(map(str, strange)))}, and the unknowns are {', '.join(unknowns)}")
    point = []
    for name in unknowns:
        value = scalar(start.get(name, 0))
        if not isinstance(value, (fmpq, AlgebraicNumber)):
            raise ValueError(f"the value of {name} at {variable} = 0 must be exact, got {start[name]!r}")
        point.append(value)
    system = RankOneSystem(unknowns, tuple(right_sides), tuple(point), variable)
    _check_start(system)
    return system


def _terms(polynomial: fmpq_mpoly, unknowns: Sequence[str], variable: str, name: str) -> tuple[Term, ...]:
    names = [str(n) for n in polynomial.context().names()]
    strange = [n for n in names if n != variable and n not in unknowns]
    if strange:
        raise ValueError(
            f"the right-hand side for {name} holds {', '.join(strange)}: its variables must be {variable} and the "
            f"unknowns {', '.join(unknowns)}"
        )
    terms = []
    for exponents, value in terms_of(polynomial):
        power = dict(zip(names, exponents, strict=True))
        terms.append((power.get(variable, 0), tuple(power.get(n, 0) for n in unknowns), value))
    return tuple(terms)


def _check_start(system: RankOneSystem) -> None:
    for name, terms in zip(system.unknowns, system.right_sides, strict=True):
        total: Scalar = fmpq(0)
        for m, gamma, c in terms:
            if m == 0:
                factor: Scalar = c
                for value, power in zip(system.at, gamma, strict=True):
                    factor = factor * value**power
                total = total + factor
        if total != 0:
            where = ", ".join(f"{n} = {_text(v)}" for n, v in zip(system.unknowns, system.at, strict=True))
            raise ValueError(
                f"at {system.variable} = 0 and {where} the right-hand side for {name} is {_text(total)}, and has to "
                "be 0: give a root of it in at={...}"
            )


def _text(value: Scalar) -> str:
    return str(value.to_sympy()) if isinstance(value, AlgebraicNumber) else str(value)


# ---------------------------------------------------------------------------------------------------------------------
# A scalar equation at infinity


@dataclass(frozen=True)
class _Monomial:
    """coefficient * x^a * u^(powers[0]) * u'^(powers[1]) * ..."""

    a: int
    powers: tuple[int, ...]
    coefficient: fmpq

    @property
    def degree(self) -> int:
        return sum(self.powers)

    @property
    def derivatives(self) -> int:
        return sum(k * b for k, b in enumerate(self.powers))


def rank_one(equation: str, power: object | None = None, leading: object | None = None) -> RankOneSystem:
    """The rank-one form of a scalar equation for u(x), polynomial in u, its derivatives and x, at x = infinity.

    Parameters
    ----------
    equation : str
        As ``"u'' = 6*u^2 - x"``. The unknown is the name with primes, the other name is x.
    power : rational, optional
        p in u ~ c x^p; needed where several are possible.
    leading : number, optional
        c, or a number near it; by default the only positive one.

    Returns
    -------
    RankOneSystem
        For y = u/(c x^p) and its derivatives y_k = (g^2 d/dg)^k y, with g = 1/(kappa x^q); ``change`` says
        which c, p, kappa and q. A rational c is left in y (so that y(0) = c), and kappa is 1 unless it is needed to
        make the equation rational.

    Raises
    ------
    TypeError, ValueError
        With the reason where the text is no such equation, has no such balance or several, or has no rank-one form
        with rational coefficients by this change of variables.

    Examples
    --------
    Painlevé I: y is a series in powers of x^(-5/2), and exp(-1/g) is exp(-kappa x^(5/4)).

    >>> print(rank_one("u'' = 6*u^2 - x"))
    g^2 y' = y1
    g^2 y1' = 4/25*g^2*y + 1/2*y^2 + g*y1 - 1/2
    u = 6^(-1/2) x^(1/2) y, g = 1/(kappa x^(5/4)), kappa^4 = 6144/625
    """
    monomials, unknown, variable = _read(equation)
    balances = _balances(monomials)
    if power is not None:
        chosen = rational(power)
        if chosen is None:
            raise ValueError(f"power must be rational, got {power!r}")
        wanted = Fraction(int(chosen.p), int(chosen.q))
        balances = [b for b in balances if b.p == wanted]
    if len(balances) != 1:
        found = ", ".join(str(b.p) for b in _balances(monomials)) or "none"
        raise ValueError(
            f"a power p with {unknown} ~ c {variable}^p is wanted at which two terms without derivatives balance and "
            f"all others are smaller; there are: {found}. "
            + ("Choose one by power=." if found != "none" else "Bring the equation to g^2 dy/dg = F(g, y) yourself.")
        )
    balance = balances[0]
    c = _leading(monomials, balance, leading, unknown)
    return _transform(monomials, balance, c, unknown, variable)


def _read(text: str) -> tuple[list[_Monomial], str, str]:
    monomials, names, variable = differential_monomials(text, MAX_UNKNOWNS)
    return [_Monomial(*monomial) for monomial in monomials], names[0], variable


@dataclass(frozen=True)
class _Balance:
    """u ~ x^p makes the dominant terms x^size; perturbations are exp(-A x^q)."""

    p: Fraction
    q: Fraction
    size: Fraction


def _balances(monomials: Sequence[_Monomial]) -> list[_Balance]:
    plain = [m for m in monomials if m.derivatives == 0]
    powers = {
        Fraction(other.a - m.a, m.degree - other.degree)
        for i, m in enumerate(plain)
        for other in plain[:i]
        if m.degree != other.degree
    }
    found = []
    for p in sorted(powers):
        size = max(m.a + p * m.degree for m in plain)
        attained = {m.degree for m in plain if m.a + p * m.degree == size}
        slopes = [(size - m.a - p * m.degree) / m.derivatives + 1 for m in monomials if m.derivatives]
        q = min(slopes)
        if len(attained) > 1 and q > 0:
            found.append(_Balance(p, q, size))
    return found


@dataclass(frozen=True)
class _Radical:
    """sign * radicand^(1/index), radicand a positive rational."""

    sign: int
    radicand: fmpq
    index: int

    def __float__(self) -> float:
        p, q = int(self.radicand.p), int(self.radicand.q)
        return float(self.sign * (p / q) ** (1 / self.index))


def _leading(monomials: Sequence[_Monomial], balance: _Balance, wanted: object | None, unknown: str) -> _Radical:
    dominant = {
        m.degree: m.coefficient for m in monomials if not m.derivatives and m.a + balance.p * m.degree == balance.size
    }
    low = min(dominant)
    poly = fmpq_poly([dominant.get(low + k, fmpq(0)) for k in range(max(dominant) - low + 1)])
    candidates = []
    for factor, multiplicity in poly.numer().factor()[1]:
        n = int(factor.degree())
        inner = [k for k in range(1, n) if factor[k] != 0]
        if multiplicity > 1 or inner:
            continue
        root = fmpq(-factor[0], factor[n])
        if n == 1:
            candidates.append(_Radical(1 if root > 0 else -1, abs(root), 1))
        elif root > 0:
            candidates += [_Radical(s, root, n) for s in ((1, -1) if n % 2 == 0 else (1,))]
        elif n % 2:
            candidates.append(_Radical(-1, -root, n))
    texts = ", ".join(f"{float(c):.6g}" for c in candidates) or "none"
    if wanted is None:
        chosen = [c for c in candidates if c.sign > 0]
    else:
        near = complex(ball(wanted, 64))
        chosen = [c for c in candidates if abs(near - float(c)) <= 0.01 * abs(near)]
    if len(chosen) != 1:
        raise ValueError(
            f"{unknown} ~ c x^({balance.p}) needs one simple root c of {poly.str(var='c')}, real and a radical; there "
            f"are: {texts}. " + ("Choose one by leading=." if candidates else "Rescale the equation, or turn x.")
        )
    return chosen[0]


def _transform(
    monomials: Sequence[_Monomial], balance: _Balance, c: _Radical, unknown: str, variable: str
) -> RankOneSystem:
    """With h = x^(-q) and D = h^2 d/dh:  h^k x^k u^(k) / (c x^p) = sum_m e_(k, m) h^(k - m) D^m y."""
    order = max(k for m in monomials for k, b in enumerate(m.powers) if b)
    names = ["y", *(f"y{k}" for k in range(1, order + 1))]
    context = fmpq_mpoly_ctx.get(["g", *names], Ordering.degrevlex)
    g, *derivatives = context.gens()
    p, q = (fmpq(v.numerator, v.denominator) for v in (balance.p, balance.q))
    powers_of_u = []
    row = [fmpq(1)]
    for k in range(order + 1):
        powers_of_u.append(sum((g ** (k - m) * derivatives[m] * e for m, e in enumerate(row)), context.constant(0)))
        # x d/dx = p - q h d/dh, and h d/dh (h^-m f) = h^(-m-1) D f - m h^-m f.
        moved = [(p - k + q * m) * e for m, e in enumerate(row)] + [fmpq(0)]
        row = [e - q * (row[m - 1] if m else 0) for m, e in enumerate(moved)]
    total = context.constant(0)
    for monomial in monomials:
        w = monomial.derivatives
        gap = (balance.size - monomial.a - balance.p * monomial.degree + w) / balance.q - w
        if gap.denominator != 1:
            raise ValueError(
                f"with g = {variable}^(-{balance.q}) a term of the equation is of order g^({gap}) beside the leading "
                "ones: it is not of rank one in g. A power of g may be; write the equation in it as "
                "g^2 dy/dg = F(g, y) and use from_system"
            )
        term = context.constant(monomial.coefficient) * g ** int(gap)
        for k, b in enumerate(monomial.powers):
            term = term * powers_of_u[k] ** b
        total = total + term
    scaled, kappa = _rescale(dict(terms_of(total)), c, order)
    highest = {e: v for e, v in scaled.items() if e[-1]}
    [(exponents, value), *more] = highest.items()
    if more or sum(exponents) != 1:
        raise ValueError(
            f"the highest derivative of {unknown} has a factor that is not constant after u = c x^p y(g): the system "
            "is not polynomial. Solve it for the highest derivative, and use from_system"
        )
    unknowns = tuple(names[:order])
    chain = [((0, tuple(int(i == k + 1) for i in range(order)), fmpq(1)),) for k in range(order - 1)]
    last = tuple((e[0], e[1:-1], -v / value) for e, v in scaled.items() if not e[-1])
    start = fmpq(1) if c.index > 1 else c.radicand * c.sign
    system = RankOneSystem(
        unknowns,
        (*chain, last),
        (start, *(fmpq(0) for _ in range(order - 1))),
        "g",
        _change(balance, c, kappa, unknown, variable),
    )
    _check_start(system)
    return system


def _rescale(
    terms: dict[tuple[int, ...], fmpq], c: _Radical, order: int
) -> tuple[dict[tuple[int, ...], fmpq], tuple[fmpq, int]]:
    """Terms in g = h/kappa and y with c taken out, and (kappa^n, n).

    c = rho^(1/r) contributes c^B to a term of degree B, and h^j D^m: kappa^(j + m). kappa is chosen so that the
    perturbation of the dominant terms with y and its highest derivative alone is exp(-1/g), or exp(-i/g) and so on.
    """
    if c.index == 1:
        start = c.radicand * c.sign
        h0, hn = _linearised(terms, start)
        action = None if h0 is None or hn is None else -h0 / hn
        kappa = (abs(action), order) if action and _root(abs(action), order) is None else (fmpq(1), 1)
        rho, r, sign = fmpq(1), 1, 1
        t = 0
    else:
        rho, r, sign = c.radicand, c.index, c.sign
        # At g = 0: terms of one degree in y and of y^(n) times another; their ratio is a rational times a power of c.
        low = sorted(((sum(e), e, v) for e, v in terms.items() if e[0] == 0), key=lambda item: item[0])
        plain = [(b, v) for b, e, v in low if not any(e[2:])]
        high = [(b, v) for b, e, v in low if e[-1] == 1]
        others = [e for _, e, _ in low if any(e[2:-1])]
        if others or len({b for b, _ in high}) != 1:
            raise ValueError(_NO_SCALE)
        base = min(b for b, _ in plain)
        steps = [(b, v * rho ** ((b - base) // r)) for b, v in plain if (b - base) % r == 0]
        if len(steps) != len(plain):
            raise ValueError(_NO_SCALE)
        h0 = sum((v * b for b, v in steps), fmpq(0))  # c^(base - 1) is left out, as the other derivatives are
        hn = sum((v for _, v in high), fmpq(0))
        t = base - high[0][0]
        ratio = -h0 / hn * (sign ** (t % 2))
        kappa = (abs(ratio), order)
        if ratio == 0:
            raise ValueError(_NO_SCALE)
    tau, n = kappa
    # factor^(r n) of each term: c^B kappa^w with kappa = (tau c^t)^(1/n)
    result: dict[tuple[int, ...], fmpq] = {}
    reference: tuple[fmpq, int] | None = None
    for e, v in terms.items():
        degree, weight = sum(e[1:]), e[0] + sum(k * b for k, b in enumerate(e[1:]))
        power = (rho ** (n * degree + t * weight)) * tau ** (r * weight)
        reference = reference or (power, degree)
        factor = _root(power / reference[0], r * n)
        if factor is None:
            raise ValueError(_NO_SCALE)
        result[e] = v * factor * sign ** ((degree - reference[1]) % 2)
    return result, (tau**r * rho**t, n * r)


_NO_SCALE = (
    "no change u = c x^p y, g = 1/(kappa x^q) with radicals c and kappa makes the coefficients rational: rescale the "
    "equation, or write it as g^2 dy/dg = F(g, y) and use from_system"
)


def _linearised(terms: Mapping[tuple[int, ...], fmpq], start: fmpq) -> tuple[fmpq | None, fmpq | None]:
    """The coefficients of the perturbation and its highest derivative at g = 0; None where there are others."""
    h0 = hn = fmpq(0)
    for e, v in terms.items():
        if e[0] or sum(e[2:]) > 1:
            continue
        if not any(e[2:]):
            h0 += v * e[1] * start ** (e[1] - 1) if e[1] else 0
        elif e[-1]:
            hn += v * start ** e[1]
        else:
            return None, None
    return (h0, hn) if hn != 0 else (None, None)


def _root(value: fmpq, n: int) -> fmpq | None:
    """The positive n-th root of a positive rational, if it is rational."""
    parts = []
    for part in (int(value.p), int(value.q)):
        root, exact = sympy.integer_nthroot(part, n)
        if not exact:
            return None
        parts.append(int(root))
    return fmpq(*parts)


def _change(balance: _Balance, c: _Radical, kappa: tuple[fmpq, int], unknown: str, variable: str) -> str:
    constant = ""
    if c.index > 1:
        value = c.radicand
        inverse = value < 1 and value.p == 1
        shown = str(value.q) if inverse else str(value) if value.q == 1 else f"({value})"
        constant = f"{'-' if c.sign < 0 else ''}{shown}^({'-' if inverse else ''}1/{c.index}) "
    power, index = kappa
    simple = next((m for m in range(1, index + 1) if index % m == 0 and _root(power, index // m) is not None), index)
    base = _root(power, index // simple)
    assert base is not None, "m = index leaves the number as it is"
    head = f"{unknown} = {constant}{_power(variable, balance.p)}y"
    if base == 1:
        return f"{head}, g = {_power(variable, -balance.q).strip()}"
    name = "kappa" if simple == 1 else f"kappa^{simple}"
    return f"{head}, g = 1/(kappa {_power(variable, balance.q).strip()}), {name} = {base}"


def _power(name: str, exponent: Fraction) -> str:
    return "" if exponent == 0 else f"{name} " if exponent == 1 else f"{name}^({exponent}) "
