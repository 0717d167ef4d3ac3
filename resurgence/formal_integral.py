"""The formal integral of a system of rank one: its trans-series solution, exactly.

    g^2 dy/dg = F(g, y),      y = sum_k sigma^k exp(-k.A/g) g^(k.beta) sum_j log(g)^j Phi_k^[j](g),      k in N^p,

with A_1, ..., A_p among the eigenvalues of J = dF/dy(0, y_0) (Écalle 1985; Costin 1998, Duke Math. J. 93, 289). With
y^(0) the power series and M(g) = dF/dy(g, y^(0)), the sector k obeys

    (k.A - M + k.beta g + g^2 d/dg) Phi_k^[j] + (j + 1) g Phi_k^[j+1] = R_k^[j],

R_k being what the terms of F of degree two and more in y - y^(0) make of the sectors below k. Each is solved order by
order in O(N^2) operations. beta_i is what makes the first order of the sector e_i solvable.

Where k.A is an eigenvalue A_i of J and |k| > 1 -- *resonance*, as for A_2 = -A_1 in Painlevé's equations -- the
equation of order n determines the part of the order n - 1 along the eigenvector, but for n - 1 = beta_i - k.beta: there
it takes a logarithm, which multiplies the base solution exp(-A_i/g) g^(beta_i) (1 + ...), and the part along the
eigenvector is free and put to 0, as another value of it is a redefinition of sigma (Garoufalidis, Its, Kapaev &
Mariño 2012, Int. Math. Res. Not. 2012, 561; Aniceto, Schiappa & Vonk 2012, Commun. Number Theory Phys. 6, 339).
Sectors may then begin with negative powers of g.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any, TypeAlias

from flint import acb, fmpq, fmpq_mat

from . import power_series
from .algebraic import AlgebraicNumber, NumberField
from .coefficient import scalar
from .numbers import roots_with_multiplicity, working_precision
from .power_series import Scalar
from .rank_one import RankOneSystem

__all__ = ["FormalIntegral", "Index", "Sector", "formal_integral"]

#: Most sectors, and most coefficients of a sector, that are computed.
MAX_ORDER, MAX_TERMS = 200, 10_000

#: How often each sigma occurs, and how often each exponential: k.
Index: TypeAlias = tuple[int, ...]

#: The coefficients of a power series, exactly.
Exact: TypeAlias = Any
Row: TypeAlias = list[Exact]
#: One power series for each power of log g.
Logs: TypeAlias = list[Row]


@dataclass(frozen=True)
class Sector:
    """One sector: for each power of log(g) and each unknown, coefficients of g^(lowest), g^(lowest + 1), ..."""

    lowest: int
    logs: tuple[tuple[tuple[Scalar, ...], ...], ...]


@dataclass(frozen=True)
class FormalIntegral:
    """The trans-series solution of a system.

    Attributes
    ----------
    system : RankOneSystem
    actions : tuple of fmpq or AlgebraicNumber
        A_1, ..., A_p.
    exponents : tuple of Fraction
        beta_1, ..., beta_p.
    sectors : dict
        For each k with |k| at most the order, the :class:`Sector`.
    is_complete : bool
        Whether all sectors beyond are zero, as in a linear system.
    """

    system: RankOneSystem
    actions: tuple[Scalar, ...]
    exponents: tuple[Fraction, ...]
    sectors: dict[Index, Sector]
    is_complete: bool


def formal_integral(
    system: RankOneSystem,
    order: int,
    terms: int,
    actions: Sequence[object] | None = None,
    of: int = 0,
) -> FormalIntegral:
    """The sectors with |k| <= ``order``, each to ``terms`` coefficients.

    Parameters
    ----------
    system : RankOneSystem
    order, terms : int
    actions : sequence of one or two eigenvalues of J, optional
        By default those with positive real part, or all where there are none.
    of : int
        sigma_i is normalised so that the sector e_i of this unknown begins with 1 (of the first other where it
        begins with 0).

    Raises
    ------
    ValueError
        Where J is singular or has a multiple eigenvalue, where the numbers do not lie in one field, where beta is not
        rational, for actions that are no eigenvalues, and for more than two.
    """
    solver = _Solver(system, of)
    chosen = solver.choose(actions)
    extra = 2
    for _ in range(2):
        solver.prepare(terms + extra)
        integral = solver.run(chosen, order, terms)
        if integral is not None:
            return integral
        extra = 2 * order + 4  # a resonance: sectors begin at negative powers, and lose an order each
    raise AssertionError("a sector of resonance begins at g^(1 - |k|) at the lowest")


class _Solver:
    def __init__(self, system: RankOneSystem, of: int) -> None:
        self.system, self.of = system, of
        self.size = len(system.unknowns)
        fields = {v.field for v in system.at if isinstance(v, AlgebraicNumber)}
        if len(fields) > 1:
            raise ValueError("the values at g = 0 lie in different number fields: express them in one, or rescale")
        self.field: NumberField | None = next(iter(fields), None)
        self.jacobian = [[row[0] for row in rows] for rows in _derivatives(system, [[v] for v in system.at], 1)]

    # -- eigenvalues --------------------------------------------------------------------------------------------------

    def choose(self, actions: Sequence[object] | None) -> tuple[Scalar, ...]:
        """The actions asked for, in the field in which everything is computed."""
        if _determinant(self.jacobian) == 0:
            raise ValueError("dF/dy is singular at g = 0: the system is not of rank one in all its unknowns")
        if actions is None:
            found = self._eigenvalues()
            if found is None:
                raise ValueError(
                    "the eigenvalues of dF/dy are not found where y(0) is irrational: give actions=[...] in its field"
                )
            chosen = [a for a in found if _real_part(a) > 0] or found
            if len(chosen) > 2:
                raise ValueError(
                    f"there are {len(chosen)} exponentials, exp(-A/g) with A = {', '.join(map(_text, chosen))}, and "
                    "at most two parameters: choose by actions=[...]"
                )
        else:
            chosen = self._recognise(actions)
        fields = {a.field for a in chosen if isinstance(a, AlgebraicNumber)} | ({self.field} if self.field else set())
        if len(fields) > 1:
            raise ValueError(
                f"the actions {', '.join(map(_text, chosen))} lie in different number fields: choose one, or rescale g"
            )
        return tuple(chosen)

    def _eigenvalues(self) -> list[Scalar] | None:
        if any(isinstance(a, AlgebraicNumber) and not a.is_rational for row in self.jacobian for a in row):
            return [self.jacobian[0][0]] if self.size == 1 else None
        rational = [[a.poly[0] if isinstance(a, AlgebraicNumber) else a for a in row] for row in self.jacobian]
        found: list[Scalar] = []
        for factor, multiplicity in fmpq_mat(rational).charpoly().numer().factor()[1]:
            if multiplicity > 1:
                raise ValueError(f"dF/dy at g = 0 has a multiple eigenvalue, a root of {factor.str(var='A')}")
            if factor.degree() == 1:
                found.append(fmpq(-factor[0], factor[1]))
                continue
            first = None
            with working_precision(128):
                for root, _ in roots_with_multiplicity(factor):
                    if first is None:
                        field = NumberField(factor, root)
                        first = field.generator
                        found.append(first)
                    elif factor.degree() == 2:  # the conjugate lies in the same field
                        found.append(fmpq(-factor[1], factor[2]) - first)
                    else:
                        found.append(NumberField(factor, root).generator)
        return sorted(found, key=_order)

    def _recognise(self, actions: Sequence[object]) -> list[Scalar]:
        if isinstance(actions, (str, bytes)) or not isinstance(actions, Sequence) or not 1 <= len(actions) <= 2:
            raise ValueError(f"actions are one or two of the eigenvalues of dF/dy at g = 0, got {actions!r}")
        known = self._eigenvalues()
        chosen: list[Scalar] = []
        for action in actions:
            value = scalar(action)
            if isinstance(value, acb):
                raise TypeError(f"an action is exact, got {action!r}")
            if known is not None:
                same = [a for a in known if a == value]
            else:
                shifted = [
                    [value - a if i == j else -a for j, a in enumerate(row)] for i, row in enumerate(self.jacobian)
                ]
                same = [value] if _determinant(shifted) == 0 else []
            if not same:
                shown = "" if known is None else f": {', '.join(map(_text, known))}"
                raise ValueError(f"{action} is not an eigenvalue of dF/dy at g = 0{shown}")
            chosen.append(same[0])
        if len(chosen) == 2 and chosen[0] == chosen[1]:
            raise ValueError(f"the two actions must differ, got {actions!r}")
        return chosen

    # -- the power series ---------------------------------------------------------------------------------------------

    def prepare(self, count: int) -> None:
        """y^(0), M and the coefficients of F beyond it, to ``count`` orders: Newton's iteration doubles them."""
        series: list[Row] = [[v] for v in self.system.at]
        known = 1
        while known < count:
            known = min(2 * known, count)
            series = [row + [fmpq(0)] * (known - len(row)) for row in series]
            values = _values(self.system, series, known)
            self.count, self.couplings = known, _couplings(_derivatives(self.system, series, known))
            # g^2 y' - F, negative: what the correction has to make up for.
            right = [
                [f - (n - 1) * (y[n - 1] if n > 1 else fmpq(0)) for n, f in enumerate(value)]
                for value, y in zip(values, series, strict=True)
            ]
            correction = self.regular(fmpq(0), fmpq(0), right)
            series = [power_series.add(y, d) for y, d in zip(series, correction, strict=True)]
        self.count, self.series = count, series
        self.couplings = _couplings(_derivatives(self.system, series, count))
        self.nonlinear = _nonlinear(self.system, series, count)

    # -- one linear equation ------------------------------------------------------------------------------------------

    def regular(self, action: Exact, s: Exact, right: Sequence[Row], start: int = 0) -> list[Row]:
        """(action - M + s g + g^2 d/dg) Phi = right, where action - J is regular; entry n stands for g^(n + start)."""
        inverse = _inverse(self._shifted(action))
        solution: list[Row] = [[] for _ in range(self.size)]
        for n in range(self.count):
            known = self._known(solution, right, s + start, n)
            for row, weights in zip(solution, inverse, strict=True):
                row.append(_dot(weights, known))
        return solution

    def _shifted(self, action: Exact) -> list[Row]:
        return [[action - a if i == j else -a for j, a in enumerate(row)] for i, row in enumerate(self.jacobian)]

    def _known(self, solution: Sequence[Row], right: Sequence[Row], s: Exact, n: int) -> Row:
        """What stands against (action - J) Phi_n: the right side and the orders below n."""
        known = []
        for i in range(self.size):
            total = right[i][n]
            if n:
                total = total - (s + n - 1) * solution[i][n - 1]
            for m, j, c in self.couplings[i]:
                if m > n:
                    break
                total = total + c * solution[j][n - m]
            known.append(total)
        return known

    def eigen(self, action: Exact) -> _Eigen | None:
        """The eigenvectors for ``action``, or None where it is no eigenvalue."""
        shifted = self._shifted(action)
        right = _kernel(shifted)
        if right is None:
            return None
        left = _kernel([list(column) for column in zip(*shifted, strict=True)])
        assert left is not None, "a matrix and its transpose are singular together"
        pivot = self.of if right[self.of] != 0 else next(i for i, v in enumerate(right) if v != 0)
        right = [v / right[pivot] for v in right]
        scale = _dot(left, right)
        if scale == 0:
            raise ValueError(f"dF/dy at g = 0 has the multiple eigenvalue {_text(action)}")
        left = [w / scale for w in left]
        first = [sum((c * right[j] for m, j, c in row if m == 1), fmpq(0)) for row in self.couplings]
        bordered = [[*row, v] for row, v in zip(shifted, right, strict=True)] + [[*left, fmpq(0)]]
        inverse = [row[: self.size] for row in _inverse(bordered)[: self.size]]
        return _Eigen(right, left, _dot(left, first), inverse)

    def resonant(
        self,
        action: Exact,
        eigen: _Eigen,
        s: Exact,
        right: Sequence[Row],
        start: int,
        free: Exact,
    ) -> tuple[list[Row], list[Row] | None]:
        """The same where action is an eigenvalue; ``free`` is the part along its vector at the order where it is free.

        Also (j + 1) times what is to be added to Phi^[j+1], where a logarithm is needed.
        """
        solution: list[Row] = [[] for _ in range(self.size)]
        right = [list(row) for row in right]
        logarithm: list[Row] | None = None
        for n in range(self.count):
            if n:
                defect = _dot(eigen.left, self._known(solution, right, s + start, n))
                slope = s + start + n - 1 - eigen.beta
                if slope != 0:
                    along = defect / slope
                else:
                    along = free
                    if defect != 0:
                        assert logarithm is None, "there is one free order"
                        logarithm = self._base(action, eigen, n - 1, defect)
                        for row, more in zip(right, logarithm, strict=True):
                            for m in range(1, self.count):
                                row[m] = row[m] - more[m - 1]
                for i in range(self.size):
                    solution[i][n - 1] = solution[i][n - 1] + along * eigen.right[i]
            known = self._known(solution, right, s + start, n)
            for row, weights in zip(solution, eigen.inverse, strict=True):
                row.append(_dot(weights, known))
        return solution, logarithm

    def _base(self, action: Exact, eigen: _Eigen, shift: int, factor: Exact) -> list[Row]:
        """factor g^shift times the solution exp(-A_i/g) g^beta_i (v + ...), in the entries of a sector."""
        zero = [[fmpq(0)] * self.count for _ in range(self.size)]
        base, _ = self.resonant(action, eigen, eigen.beta, zero, 0, fmpq(1))
        return [[fmpq(0)] * shift + [factor * v for v in row[: self.count - shift]] for row in base]

    # -- the sectors --------------------------------------------------------------------------------------------------

    def run(self, actions: tuple[Scalar, ...], order: int, terms: int) -> FormalIntegral | None:
        """All sectors; None where a resonance is met and there are too few orders for it."""
        parameters = len(actions)
        indices = [k for k in _indices(parameters, order) if any(k)]
        totals = {k: _dot(k, actions) for k in indices}
        eigens = {k: self.eigen(totals[k]) for k in indices}
        resonance = any(eigens[k] is not None and sum(k) > 1 for k in indices)
        if resonance and self.count < terms + 2 * order + 4:
            return None
        betas: list[Fraction] = []
        for i, action in enumerate(actions):
            eigen = eigens.get(_unit(i, parameters)) or self.eigen(action)
            assert eigen is not None, "actions are eigenvalues"
            betas.append(_rational_exponent(eigen.beta, action))
        exact_betas = [fmpq(b.numerator, b.denominator) for b in betas]
        lift = 1 if resonance else 0
        powers = _Powers(self, lift)
        sectors = {(0,) * parameters: Sector(0, (tuple(tuple(row[:terms]) for row in self.series),))}
        for k in indices:
            s = _dot(k, exact_betas)
            logs = self._sector(k, totals[k], eigens[k], s, powers, lift * sum(k))
            powers.add(k, logs)
            sectors[k] = _trimmed(logs, lift * sum(k), terms)
        linear = all(sum(gamma) <= 1 for side in self.system.right_sides for _, gamma, _ in side)
        return FormalIntegral(self.system, actions, tuple(betas), sectors, linear and order > 0)

    def _sector(
        self, k: Index, action: Exact, eigen: _Eigen | None, s: Exact, powers: _Powers, below: int
    ) -> list[list[Row]]:
        """The series of each power of log g; entry n stands for g^(n - below)."""
        rights = powers.right_sides(k)
        if not rights and eigen is None:
            return [self._zero()]
        result: list[list[Row]] = [[] for _ in rights] or [[]]
        first = sum(k) == 1
        level = len(result) - 1
        while level >= 0:
            right = [list(row) for row in rights[level]] if level < len(rights) else self._zero()
            if level + 1 < len(result):
                for row, higher in zip(right, result[level + 1], strict=True):
                    for n in range(1, self.count):
                        row[n] = row[n] - (level + 1) * higher[n - 1]
            if eigen is None:
                result[level] = self.regular(action, s, right, -below)
            else:
                # The first sectors begin at g^0, with the eigenvector.
                solution, logarithm = self.resonant(
                    action, eigen, s, right, -below, fmpq(1 if first and level == 0 else 0)
                )
                result[level] = solution
                if logarithm is not None:
                    if level + 1 == len(result):
                        result.append(self._zero())
                    result[level + 1] = [
                        power_series.add(row, [v / (level + 1) for v in more])
                        for row, more in zip(result[level + 1], logarithm, strict=True)
                    ]
            level -= 1
        return result

    def _zero(self) -> list[Row]:
        return [[fmpq(0)] * self.count for _ in range(self.size)]


@dataclass(frozen=True)
class _Eigen:
    """Right and left eigenvector of a simple eigenvalue with left.right = 1, beta = left.M_1 right, and what solves
    (A - J) x = b - right (left.b) with left.x = 0."""

    right: Row
    left: Row
    beta: Exact
    inverse: list[Row]


class _Powers:
    """Products of components of eta = y - y^(0), sector by sector; a sector of zeros is an empty list."""

    def __init__(self, solver: _Solver, lift: int) -> None:
        self.solver, self.lift = solver, lift
        self.sectors: dict[Index, list[list[Row]]] = {}
        self._products: dict[tuple[tuple[int, ...], Index], Logs] = {}

    def add(self, k: Index, logs: list[list[Row]]) -> None:
        self.sectors[k] = logs

    def right_sides(self, k: Index) -> list[list[Row]]:
        """R_k: for each power of log g, for each equation."""
        count, size = self.solver.count, self.solver.size
        result: list[list[Row]] = []
        for alpha, rows in self.solver.nonlinear.items():
            for level, series in enumerate(self._product(alpha, k)):
                while len(result) <= level:
                    result.append([[fmpq(0)] * count for _ in range(size)])
                for i, row in rows.items():
                    result[level][i] = power_series.add(result[level][i], power_series.multiply(row, series, count))
        return result

    def _product(self, alpha: tuple[int, ...], k: Index) -> Logs:
        """The sector k of eta^alpha."""
        key = (alpha, k)
        if key not in self._products:
            self._products[key] = self._multiply(alpha, k)
        return self._products[key]

    def _multiply(self, alpha: tuple[int, ...], k: Index) -> Logs:
        i = next(i for i, a in enumerate(alpha) if a)
        if sum(alpha) == 1:
            logs = [level[i] for level in self.sectors.get(k, [])]
            return logs if any(v != 0 for row in logs for v in row) else []
        unit = _unit(i, len(alpha))
        rest = tuple(a - e for a, e in zip(alpha, unit, strict=True))
        count = self.solver.count
        result: Logs = []
        for b in self.sectors:
            left = tuple(x - y for x, y in zip(k, b, strict=True))
            if min(left) < 0 or sum(left) < sum(rest):
                continue
            for j, second in enumerate(self._product(unit, b)):
                for level, first in enumerate(self._product(rest, left)):
                    while len(result) <= level + j:
                        result.append([fmpq(0)] * count)
                    both = power_series.multiply(first, second, count)
                    result[level + j] = power_series.add(result[level + j], both)
        return result


# ---------------------------------------------------------------------------------------------------------------------
# F and its derivatives along the power series


def _taylor(
    system: RankOneSystem, series: Sequence[Row], count: int, degrees: range
) -> dict[tuple[int, ...], dict[int, Row]]:
    """The series (d/dy)^alpha F_i / alpha! at y^(0), for each alpha with |alpha| in ``degrees``, by i."""
    exponents = [gamma for side in system.right_sides for _, gamma, _ in side]
    top = [max((gamma[j] for gamma in exponents), default=0) for j in range(len(series))]
    powers: list[list[Row]] = []
    for row, highest in zip(series, top, strict=True):
        table: list[Row] = [[fmpq(1)] + [fmpq(0)] * (count - 1)]
        for _ in range(highest):
            table.append(power_series.multiply(table[-1], row, count))
        powers.append(table)
    result: dict[tuple[int, ...], dict[int, Row]] = {}
    for i, side in enumerate(system.right_sides):
        for m, gamma, c in side:
            if m >= count:
                continue
            for alpha in product(*(range(power + 1) for power in gamma)):
                if sum(alpha) not in degrees:
                    continue
                factor: Row = [fmpq(0)] * m + [c * _binomials(gamma, alpha)] + [fmpq(0)] * (count - m - 1)
                for table, power, a in zip(powers, gamma, alpha, strict=True):
                    if power > a:
                        factor = power_series.multiply(factor, table[power - a], count)
                rows = result.setdefault(alpha, {})
                rows[i] = power_series.add(rows[i], factor) if i in rows else factor
    return result


def _binomials(gamma: Sequence[int], alpha: Sequence[int]) -> int:
    return math.prod(map(math.comb, gamma, alpha))


def _values(system: RankOneSystem, series: Sequence[Row], count: int) -> list[Row]:
    rows = _taylor(system, series, count, range(1)).get((0,) * len(series), {})
    return [rows.get(i, [fmpq(0)] * count) for i in range(len(series))]


def _derivatives(system: RankOneSystem, series: Sequence[Row], count: int) -> list[list[Row]]:
    """M = dF/dy, entry by entry a power series."""
    size = len(series)
    found = _taylor(system, series, count, range(1, 2))
    return [[found.get(_unit(j, size), {}).get(i, [fmpq(0)] * count) for j in range(size)] for i in range(size)]


def _couplings(matrix: Sequence[Sequence[Row]]) -> list[list[tuple[int, int, Exact]]]:
    """The entries of M but for J that are not zero: for each row of M (order, column, value), by order."""
    return [
        sorted(
            ((m, j, c) for j, row in enumerate(rows) for m, c in enumerate(row) if m and c != 0),
            key=lambda entry: entry[:2],
        )
        for rows in matrix
    ]


def _nonlinear(system: RankOneSystem, series: Sequence[Row], count: int) -> Mapping[tuple[int, ...], dict[int, Row]]:
    degree = max((sum(gamma) for side in system.right_sides for _, gamma, _ in side), default=0)
    return _taylor(system, series, count, range(2, degree + 1))


# ---------------------------------------------------------------------------------------------------------------------
# Indices, and small matrices over a field


def _unit(i: int, size: int) -> Index:
    return tuple(int(i == j) for j in range(size))


def _indices(parameters: int, order: int) -> Iterator[Index]:
    """All k with |k| <= order, by |k|."""
    for total in range(order + 1):
        yield from ((total - i, i)[:parameters] for i in range(total + 1 if parameters == 2 else 1))


def _trimmed(logs: list[list[Row]], zeroth: int, terms: int) -> Sector:
    """From the lowest power that occurs, or g^0, on; without the powers of log g that do not occur."""
    while len(logs) > 1 and all(v == 0 for row in logs[-1] for v in row):
        logs.pop()
    occurring = (n for level in logs for row in level for n, v in enumerate(row[:zeroth]) if v != 0)
    lowest = min(occurring, default=zeroth)
    cut = slice(lowest, lowest + terms)
    return Sector(lowest - zeroth, tuple(tuple(tuple(row[cut]) for row in level) for level in logs))


def _dot(left: Sequence[Exact], right: Sequence[Exact]) -> Exact:
    return sum((a * b for a, b in zip(left, right, strict=True)), fmpq(0))


def _echelon(matrix: Sequence[Row]) -> tuple[list[Row], list[int], Exact]:
    """The reduced echelon form, its pivot columns, and the determinant of the pivots met on the way."""
    rows = [list(row) for row in matrix]
    pivots: list[int] = []
    determinant: Exact = fmpq(1)
    for column in range(len(rows[0])):
        at = len(pivots)
        found = next((i for i in range(at, len(rows)) if rows[i][column] != 0), None)
        if found is None:
            continue
        if found != at:
            rows[at], rows[found] = rows[found], rows[at]
            determinant = -determinant
        pivot = rows[at][column]
        determinant = determinant * pivot
        rows[at] = [v / pivot for v in rows[at]]
        for i, row in enumerate(rows):
            if i != at and row[column] != 0:
                factor = row[column]
                rows[i] = [v - factor * p for v, p in zip(row, rows[at], strict=True)]
        pivots.append(column)
        if len(pivots) == len(rows):
            break
    return rows, pivots, determinant


def _determinant(matrix: Sequence[Row]) -> Exact:
    _, pivots, determinant = _echelon(matrix)
    return determinant if len(pivots) == len(matrix) else fmpq(0)


def _inverse(matrix: Sequence[Row]) -> list[Row]:
    size = len(matrix)
    rows, _, _ = _echelon([[*row, *map(fmpq, _unit(i, size))] for i, row in enumerate(matrix)])
    return [row[size:] for row in rows]


def _kernel(matrix: Sequence[Row]) -> Row | None:
    """A vector of the kernel; None where there is only zero."""
    rows, pivots, _ = _echelon(matrix)
    free = next((j for j in range(len(matrix)) if j not in pivots), None)
    if free is None:
        return None
    vector: Row = [fmpq(0)] * len(matrix)
    vector[free] = fmpq(1)
    for row, pivot in zip(rows, pivots, strict=False):
        vector[pivot] = -row[free]
    return vector


def _real_part(value: Scalar) -> float:
    return complex(value.ball(64) if isinstance(value, AlgebraicNumber) else acb(value)).real


def _order(value: Scalar) -> tuple[float, float]:
    """Nearest to 0 first, then the positive ones."""
    z = complex(value.ball(64) if isinstance(value, AlgebraicNumber) else acb(value))
    return round(abs(z), 12), -z.real


def _text(value: Scalar) -> str:
    return str(value.to_sympy()) if isinstance(value, AlgebraicNumber) else str(value)


def _rational_exponent(beta: Exact, action: Scalar) -> Fraction:
    value = beta.poly[0] if isinstance(beta, AlgebraicNumber) and beta.is_rational else beta
    if not isinstance(value, fmpq):
        raise ValueError(
            f"the exponent of g beside exp(-A/g), A = {_text(action)}, is {_text(value)}, which is not rational"
        )
    return Fraction(int(value.p), int(value.q))
