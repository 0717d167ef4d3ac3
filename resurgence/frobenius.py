"""Solutions of linear differential equations near regular singular points, in balls, with proof.

With t = x - zeta and theta = t d/dt, the operator is t^s L = sum_m t^m Q_m(theta) = sum_j a_j(t) theta^j, divided by a
number so that a_r(0) = 1. At a regular singular (or ordinary) point Q_0 = prod (theta - e), over the r exponents e.
Solutions are t^alpha sum_n sum_k u_(n,k) t^n log(t)^k/k!, where alpha is an exponent, theta acts as n + alpha + S with
(S u)_k = u_(k+1), and (Frobenius 1873; Ince 1926, chapter XVI)

    Q_0(n + alpha + S) u_n = - sum_(m >= 1) Q_m(n - m + alpha + S) u_(n-m) .

Where n + alpha is an exponent of multiplicity mu, the first mu of the u_(n,k) are free, and the others follow. Up to
the last such n all is exact, in the field of zeta: there it is decided which logarithms there are. The terms after it
are balls, and from some n_0 on approximations: each term is computed in balls from those before it, and replaced by the
midpoint. So the balls do not grow.

**Theorem.** Let y be a solution, and y~ the sum of t^(alpha+n) u_n(log t) over n < N, with u_n exact for n < n_0 and
anything for n >= n_0. Let D = t^s L y~, of which the terms D_n with n < n_0 vanish. Let a_r have no zero on |t| <= h,
let A_j be at least |a_j/a_r| there and R at least 1/|a_r|, omega > 0, and

    kappa = max(omega, sum_(j<r) A_j omega^(j-r+1)) .

If n_0 + alpha > kappa, then for i < r, |t| = h and a branch of log t whose modulus is at most Lambda, e = y - y~ obeys

    |theta^i e(t)| <= omega^(i-r+1) R sum_n h^(n+alpha) sum_k |D_(n,k)| W_k(n + alpha - kappa),
    W_k(x) = sum_(j<=k) Lambda^(k-j)/(k-j)! x^(-j-1) .

*Proof.* E = (e, theta e, ..., theta^(r-1) e) solves theta E = M E - (0, ..., 0, D/a_r), with the companion matrix M.
In the norm max |E_i|/omega^i that of M is at most kappa: its rows have the sums omega^(i+1)/omega^i = omega, and
sum_j |a_j/a_r| omega^j/omega^(r-1). So along the ray from 0 to t, with s = |t|,

    d/ds (s^(-kappa) |E|) <= s^(-kappa-1) |D| R/omega^(r-1)

(Groenwall 1919), and s^(-kappa) |E| -> 0 for s -> 0, as e begins with t^(n_0 + alpha). On the ray, |log| is at most
Lambda + log(h/s), and with s = h exp(-tau)

    int_0^h (h/s)^kappa s^(n+alpha) (Lambda + log(h/s))^k/k! ds/s
        = h^(n+alpha) int_0^oo exp(-(n + alpha - kappa) tau) (Lambda + tau)^k/k! dtau ,

which is h^(n+alpha) W_k(n + alpha - kappa).

The maxima A_j and R on the disc are those on the circle |t| = h, as a_j/a_r and 1/a_r are holomorphic: the circle is
covered with balls. omega is chosen so that the two members of the maximum are equal, which makes kappa the Perron root
of the matrix of the A_j. D_n consists of what the replacement by a midpoint has left, |Q_0(n + alpha + S)| times the
radius of the ball, and for n >= N of what the recurrence asks for. Derivatives are t^k d^k/dt^k = theta (theta - 1) ...
(theta - k + 1). For a power series the right side, being increasing in h, holds on the disc, and for t^(-k) theta^i e,
k <= n_0, by the maximum principle with the factor h^(-k).

Other bounds, with majorant series: M. Mezzarobba and B. Salvy, J. Symb. Comput. 45, 1075 (2010); M. Mezzarobba,
"Truncation bounds for differentially finite series", Ann. H. Lebesgue 2, 99 (2019).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import flint
from flint import acb, acb_mat, acb_poly, acb_series, arb, arb_poly, fmpq, fmpq_poly, fmpz, fmpz_poly

from .algebraic import AlgebraicNumber
from .differential_operator import DifferentialOperator
from .numbers import rational, roots_with_multiplicity, working_precision
from .singular_points import exponents_at, local_theta_form

__all__ = ["LocalBasis", "LocalSolution", "PowerSeriesGerm"]

#: Bits of the numbers in bounds.
_BOUND_BITS = 64

#: Bits beyond those asked for.
_GUARD_BITS = 16

#: Terms between two looks at whether the series can be cut off.
_STRIDE = 16

#: Evaluations before a ball is returned as wide as it is.
_MAX_EVALUATIONS = 6

#: Terms after which a series is given up, and arcs after which the bounds on a circle are.
_MAX_TERMS = 1_000_000
_MAX_ARCS = 20_000

#: Arcs of a circle to begin with, and their half length beside the distance to a zero of a_r.
_ARCS = 32
_NEARNESS = fmpq(1, 16)

Exact = fmpq | AlgebraicNumber
Ball = arb | acb
Polynomial = fmpz_poly | arb_poly | acb_poly
Leading = Sequence[Sequence[Exact]]


@dataclass(frozen=True)
class LocalSolution:
    """A solution t^exponent log(t)^log_power/log_power! + ..., without the leading monomials of the others.

    Attributes
    ----------
    exponent : Fraction
    log_power : int
    is_analytic : bool
        Whether it is holomorphic at t = 0. Exact.
    """

    exponent: Fraction
    log_power: int
    is_analytic: bool


class LocalBasis:
    """The Frobenius basis of an operator at an ordinary or regular singular point.

    Parameters
    ----------
    operator : DifferentialOperator
        Of order r >= 1.
    point : AlgebraicNumber or rational number
        zeta.

    Attributes
    ----------
    solutions : tuple of LocalSolution
        Ordered by exponent, then by power of the logarithm.

    Raises
    ------
    ValueError
        The point is an irregular singular one, or one of its exponents is not rational.

    Examples
    --------
    Bessel's equation of order 0, whose second solution has a logarithm:

    >>> from resurgence.differential_operator import DifferentialOperator
    >>> basis = LocalBasis(DifferentialOperator(["x", "1", "x"]), fmpq(0))
    >>> [(str(s.exponent), s.log_power, s.is_analytic) for s in basis.solutions]
    [('0', 0, True), ('0', 1, False)]
    >>> with working_precision(100):
    ...     w = basis.wronskian(acb(1), 64)
    ...     bool(w[0, 0].overlaps(acb(1).bessel_j(0))), w[0, 0].rel_accuracy_bits() >= 64
    (True, True)
    """

    def __init__(self, operator: DifferentialOperator, point: object) -> None:
        if operator.order < 1:
            raise ValueError(f"a basis of solutions needs an operator of order at least 1, got {operator}")
        self.operator = operator
        exponents = exponents_at(operator, point)
        if len(exponents) < operator.order:
            known = f" (the rational ones are {', '.join(map(str, exponents))})" if exponents else ""
            raise ValueError(
                f"the exponents of {operator} at {point} are not all rational{known}: this basis needs rational ones"
            )
        self._form = _LocalForm(operator, point)
        self._exponents = exponents
        solutions: list[LocalSolution] = []
        self._leading: list[list[list[Exact]]] = []
        self._recurrences: dict[Fraction, _LocalRecurrence] = {}
        for exponent in sorted(set(exponents)):
            recurrence = self._recurrences[exponent] = _LocalRecurrence(self._form, exponent)
            last = max(int(e - exponent) for e in exponents if (e - exponent).denominator == 1)
            for log_power in range(exponents.count(exponent)):
                terms = recurrence.leading(log_power, last + 1)
                holomorphic = exponent >= 0 and exponent.denominator == 1 and all(len(row) <= 1 for row in terms)
                solutions.append(LocalSolution(exponent, log_power, holomorphic))
                self._leading.append(terms)
        self.solutions = tuple(solutions)

    def radius(self, bits: int = _BOUND_BITS) -> arb:
        """A lower bound of the distance to the nearest other root of the leading coefficient; infinite without any."""
        return self._form.radius(bits)

    def wronskian(self, t: acb, bits: int, log_t: acb | None = None) -> acb_mat:
        """The solutions and their derivatives at zeta + t.

        Parameters
        ----------
        t : acb
            A ball without 0, 0 < |t| < radius. The result holds for all of its points.
        bits : int
            Accuracy aimed at in each column, relative to its largest entry. Less where t is not exact enough.
        log_t : acb, optional
            A logarithm of t, on any sheet; by default the principal one.

        Returns
        -------
        acb_mat
            r x r: the i-th derivative of the j-th solution in row i and column j. It contains the truth.

        Raises
        ------
        ValueError
            t is 0, or too large, or ``log_t`` is not one of its logarithms.

        Examples
        --------
        >>> from resurgence.differential_operator import DifferentialOperator
        >>> basis = LocalBasis(DifferentialOperator(["-1", "2*x"]), fmpq(0))  # sqrt(x)
        >>> print(basis.wronskian(acb(4), 20)[0, 0].real.str(5, radius=False))
        2.0000
        """
        with working_precision(bits + _GUARD_BITS):
            t = acb(t)
            if t.contains(0):
                raise ValueError(f"t must be a ball without 0, got {t}: solutions may be singular there")
            if log_t is not None and not log_t.exp().overlaps(t):
                raise ValueError(f"log_t must be a logarithm of t, got log_t = {log_t} for t = {t}")
        disc = self._form.disc(abs(t))
        columns = [self._column(k, t, disc, bits, log_t) for k in range(len(self.solutions))]
        return acb_mat([list(row) for row in zip(*columns, strict=True)])

    def _column(self, k: int, t: acb, disc: _Disc, bits: int, log_t: acb | None) -> list[acb]:
        recurrence = self._recurrences[self.solutions[k].exponent]

        def attempt(working: int) -> list[acb]:
            with working_precision(working):
                logarithm = t.log() if log_t is None else log_t
            expansion = _Expansion(recurrence, self._leading[k], disc, working)
            return expansion.derivatives(t, logarithm, abs(t), working)

        return _sharpened(attempt, bits, t.rel_accuracy_bits() if log_t is None else _known_bits(t, log_t))

    def monodromy(self, bits: int) -> acb_mat:
        """M with W(t exp(2 pi i)) = W(t) M, where W(t exp(2 pi i)) is W with 2 pi i added to log t.

        Examples
        --------
        >>> from resurgence.differential_operator import DifferentialOperator
        >>> m = LocalBasis(DifferentialOperator(["0", "1", "x"]), fmpq(0)).monodromy(53)  # 1, log x
        >>> print([[complex(c) for c in row] for row in m.tolist()])
        [[(1+0j), 6.283185307179586j], [0j, (1+0j)]]
        """
        size = len(self.solutions)
        rows = [[acb(0)] * size for _ in range(size)]
        with working_precision(bits + _GUARD_BITS):
            turn = 2 * acb.pi() * acb(0, 1)
            for j, (solution, terms) in enumerate(zip(self.solutions, self._leading, strict=True)):
                factor = acb(2 * _fmpq(solution.exponent)).exp_pi_i()
                for i, other in enumerate(self.solutions):
                    step = other.exponent - solution.exponent
                    if step < 0 or step.denominator != 1:
                        continue
                    for power, u in enumerate(terms[int(step)][other.log_power :]):
                        rows[i][j] += factor * turn**power / math.factorial(power) * _ball(u, bits + _GUARD_BITS)
            return acb_mat(rows)


class PowerSeriesGerm:
    """A power series at 0 that solves a linear differential equation, near 0.

    Parameters
    ----------
    operator : DifferentialOperator
        With an ordinary or regular singular point at 0.
    initial : sequence of fmpq
        b_0, b_1, ..., enough of them to determine the series.

    Raises
    ------
    ValueError
        0 is an irregular singular point; the initial coefficients do not suffice, or fit no solution.

    Examples
    --------
    >>> from resurgence.differential_operator import DifferentialOperator
    >>> log1p = PowerSeriesGerm(DifferentialOperator(["0", "1", "x + 1"]), [fmpq(0), fmpq(1)])
    >>> print(log1p.state(acb(0.5), 53)[0, 0].real.str(12, radius=False))
    0.405465108108
    """

    def __init__(self, operator: DifferentialOperator, initial: Sequence[fmpq | int]) -> None:
        if operator.order < 1:
            raise ValueError(f"a series needs an operator of order at least 1, got {operator}")
        self.operator = operator
        self._form = _LocalForm(operator, fmpq(0))
        self._recurrence = _LocalRecurrence(self._form, Fraction(0))
        exact = operator.recurrence()
        count = max(len(initial), 1 + max(exact.free_indices, default=-1), operator.order)
        self._initial: list[list[Exact]] = [[b] for b in exact.terms(initial, count)]

    def radius(self, bits: int = _BOUND_BITS) -> arb:
        """A lower bound of the distance of 0 to the nearest other root of the leading coefficient."""
        return self._form.radius(bits)

    def taylor(self, h: arb, bits: int) -> tuple[list[acb], arb]:
        """A polynomial near the series, and a bound of the difference.

        Parameters
        ----------
        h : arb
            0 < h < radius.
        bits : int
            The bound is about 2^-bits times the largest term |b_n| h^n.

        Returns
        -------
        list of acb, arb
            c_0, ..., c_(N-1) and E with |y(z) - sum c_n z^n| <= E for |z| <= h, for any numbers c_n in the balls. (The
            c_n are near the coefficients of y, and all but the first few are exact numbers that differ from them.)

        Examples
        --------
        >>> from resurgence.differential_operator import DifferentialOperator
        >>> exp = PowerSeriesGerm(DifferentialOperator(["-1", "1"]), [fmpq(1)])
        >>> terms, error = exp.taylor(arb(1), 53)
        >>> len(terms) < 40, bool(error < 1e-15)
        (True, True)
        """
        disc = self._form.disc(h)
        working = bits
        for _ in range(_MAX_EVALUATIONS):
            expansion = _Expansion(self._recurrence, self._initial, disc, working)
            error = expansion.error(disc.reach, arb(0))[0]
            with working_precision(_BOUND_BITS):
                excess = _log2(error) + bits - expansion.largest
            if excess <= 0:
                break
            working += math.ceil(excess) + _GUARD_BITS
        return [acb(row[0]) for row in expansion.terms], error

    def state(self, z: acb, bits: int) -> acb_mat:
        """y, y', ..., y^(r-1) at z, |z| < radius, as a column: to about ``bits`` bits relative to the largest."""
        z = acb(z)
        if z == 0:
            with working_precision(bits):
                return acb_mat([[acb(cast(fmpq, b)) * math.factorial(k)] for k, [b] in self._first()])
        with working_precision(_BOUND_BITS):
            reach = abs(z).upper()
        disc = self._form.disc(reach)

        def attempt(working: int) -> list[acb]:
            return _Expansion(self._recurrence, self._initial, disc, working).derivatives(z, acb(0), reach, working)

        return acb_mat([[c] for c in _sharpened(attempt, bits, z.rel_accuracy_bits())])

    def _first(self) -> list[tuple[int, list[Exact]]]:
        return list(enumerate(self._initial))[: self.operator.order]


# ---------------------------------------------------------------------------------------------------------------------


class _LocalForm:
    """The operator at a point, divided by a number so that Q_0 is monic."""

    def __init__(self, operator: DifferentialOperator, point: object) -> None:
        exact = rational(point) if not isinstance(point, AlgebraicNumber) else None
        if isinstance(point, AlgebraicNumber) and point.is_rational:
            exact = point.poly[0] if point.poly.degree() == 0 else fmpq(0)
        self.operator, self.order = operator, operator.order
        forms = local_theta_form(operator, point if exact is None else exact)
        if len(forms[0]) <= self.order:
            raise ValueError(f"{operator} has an irregular singular point at {point}: there are no series to sum")
        scale = forms[0][-1].inverse()
        self.forms: list[list[Exact]] = [[_simplest(c * scale) for c in form] for form in forms]
        self.point = cast(AlgebraicNumber, point) if exact is None else exact

    def other_roots(self, bits: int) -> list[tuple[acb, int]]:
        """The zeros of a_r, seen from the point, with their multiplicities."""
        value: Exact = self.point * 0
        for c in reversed(self.operator.leading.coeffs()):
            value = value * self.point + fmpq(c)
        own = 1 if value == 0 else 0
        working = bits
        while True:
            with working_precision(working):
                center = acb(_ball(self.point, working))
                roots = roots_with_multiplicity(self.operator.leading)
                others = [(root - center, multiplicity) for root, multiplicity in roots if not root.overlaps(center)]
                if len(roots) - len(others) == own:
                    return others
            working *= 2

    def radius(self, bits: int) -> arb:
        with working_precision(bits):
            distances = [abs(root).lower() for root, _ in self.other_roots(bits)]
            return min(distances, key=lambda d: d.mid(), default=arb.pos_inf())

    def disc(self, reach: arb) -> _Disc:
        """Bounds on |t| <= reach."""
        with working_precision(_BOUND_BITS):
            h, radius = arb(reach).upper(), self.radius(_BOUND_BITS)
            if not 0 < h < radius:
                raise ValueError(
                    f"the series converges for 0 < |t| < {radius.str(8, radius=False)}, got |t| = {h.str(8)}: "
                    "continue the solution instead"
                )
        # Near multiple zeros of a_r the coefficients are small beside their terms.
        with working_precision(_BOUND_BITS + 2 * len(self.forms)):
            return _Disc(self, h, radius)


class _Disc:
    """The bounds of the theorem on |t| <= reach.

    The circle is cut into arcs, each in a disc of radius delta around its middle, which is small beside the distances
    to the zeros of a_r. There a polynomial p is at most sum |p^(i)| delta^i/i!, with the derivatives in the middle, and
    a_r at least the product of the |rho - t| - delta, divided by the |rho|, over its zeros rho.

    Attributes
    ----------
    reach : arb
        h.
    inverse : arb
        R.
    omega, kappa : arb
    rate : float
        log2(radius/h), the bits that a term brings.
    """

    def __init__(self, form: _LocalForm, reach: arb, radius: arb) -> None:
        self.reach = reach
        self.rate = _log2(radius / reach) if radius < arb.pos_inf() else math.inf
        bits = flint.ctx.prec
        table = [[acb(_ball(c, bits)) for c in row] for row in form.forms]
        numerators = [acb_poly([row[j] if j < len(row) else acb(0) for row in table]) for j in range(form.order)]
        roots = form.other_roots(bits)
        is_real = all(c.imag.is_zero() for row in table for c in row)  # |a_j| is the same at conjugate points
        arcs = [(fmpq(2 * k + 1, _ARCS), fmpq(1, _ARCS)) for k in range(_ARCS // 2 if is_real else _ARCS)]
        sizes, inverse = [arb(0)] * form.order, arb(0)
        done = 0
        while arcs:
            middle, half = arcs.pop()
            done += 1
            if done > _MAX_ARCS:
                raise ValueError(
                    f"|t| = {reach.str(8)} is too near to the radius of convergence {radius.str(8, radius=False)}"
                )
            t, delta = acb(middle).exp_pi_i() * reach, (arb.pi() * half * reach).upper()
            distances = [(abs(root - t).lower(), multiplicity) for root, multiplicity in roots]
            if not all(delta <= distance * _NEARNESS for distance, _ in distances):
                arcs += [(middle - half / 2, half / 2), (middle + half / 2, half / 2)]
                continue
            least = arb(1)
            for (root, multiplicity), (distance, _) in zip(roots, distances, strict=True):
                least *= ((distance - delta) / abs(root)) ** multiplicity
            inverse = inverse.max((1 / least).upper())
            around = acb_poly([t, acb(1)])
            for j, p in enumerate(numerators):
                most = arb_poly([abs(c).upper() for c in p(around).coeffs()])(delta)
                sizes[j] = sizes[j].max((most / least).upper())
        self.inverse = inverse
        self.omega = arb(_perron_root([float(a) for a in sizes]))
        last_row = sum((a * self.omega ** (j - form.order + 1) for j, a in enumerate(sizes)), arb(0))
        self.kappa = self.omega.max(last_row.upper())


class _LocalRecurrence:
    """Q_m(n - m + alpha + S) as polynomials in n, one for each power of S: T_(m,i)(n) = Q_m^(i)(n - m + alpha)/i!."""

    def __init__(self, form: _LocalForm, exponent: Fraction) -> None:
        self.form, self.exponent = form, exponent
        self._exact = [(m, _shifted(row, exponent - m)) for m, row in enumerate(form.forms) if row]
        self.reach = len(form.forms) - 1
        entries = [c for _, row in self._exact for c in row]
        self.is_rational = all(isinstance(c, fmpq) for c in entries)
        denominators = [c.q for c in (entries if self.is_rational else self._exact[0][1]) if isinstance(c, fmpq)]
        self.scale = fmpz(math.lcm(*(int(q) for q in denominators)))

    def leading(self, log_power: int, count: int) -> list[list[Exact]]:
        """u_n for n < count, exactly, of the solution that begins with log(t)^log_power/log_power!."""
        rows: list[list[Exact]] = [[*[fmpq(0)] * log_power, fmpq(1)]]
        for n in range(1, count):
            right: list[Exact] = [fmpq(0) for _ in range(max(map(len, rows)))]
            for m, coefficients in self._exact[1:]:
                if m <= n:
                    values = _derivatives(coefficients, n)
                    for power, u in enumerate(rows[n - m]):
                        for i in range(min(power + 1, len(values))):
                            right[power - i] = right[power - i] - values[i] * u
            pivots = _derivatives(self._exact[0][1], n)
            free = next(i for i, c in enumerate(pivots) if c != 0)
            solved = _back_substitution(pivots[free:], right)
            rows.append(_stripped([*[fmpq(0)] * free, *solved]))
        return rows

    def pivots(self, levels: int) -> list[fmpz_poly]:
        """T_(0,i) times ``scale``, i < levels."""
        return [_integral(p) for p in _all_derivatives([c * fmpq(self.scale) for c in self._exact[0][1]], levels)]

    def others(self, levels: int, bits: int) -> list[tuple[int, Sequence[Polynomial]]]:
        """m and the T_(m,i) times ``scale``, i < levels, for m >= 1."""
        found: list[tuple[int, Sequence[Polynomial]]] = []
        with working_precision(bits):
            for m, row in self._exact[1:]:
                derivatives = _all_derivatives([c * fmpq(self.scale) for c in row], levels)
                if self.is_rational:
                    found.append((m, [_integral(p) for p in derivatives]))
                else:
                    balls = [[_ball(c, bits) for c in p] for p in derivatives]
                    found.append((m, [_polynomial(p) for p in balls]))
        return found


class _Expansion:
    """A solution as a sum of N terms, and what it takes to bound the rest.

    Attributes
    ----------
    terms : list of list of balls
        u_(n,k).
    largest : float
        log2 of the largest |u_(n,k)| h^n.
    """

    def __init__(
        self, recurrence: _LocalRecurrence, leading: Sequence[Sequence[Exact]], disc: _Disc, bits: int
    ) -> None:
        self.recurrence, self.disc = recurrence, disc
        self.levels = max(len(row) for row in leading)
        alpha = _fmpq(recurrence.exponent)
        order = recurrence.form.order
        with working_precision(_BOUND_BITS):
            least = float((disc.kappa - alpha).upper())
            if not least < _MAX_TERMS:
                raise ValueError(f"a disc of radius {disc.reach.str(8)} is too large for a sum of {_MAX_TERMS} terms")
            self.start = max(math.ceil(least) + 1, len(leading), order, 1)
            self._slope = _log2(disc.reach)
        expected = self.start + bits / min(disc.rate, 1) if disc.rate > 0 else _MAX_TERMS
        # The rounding of a term counts Q_0(n + alpha)/(n + alpha - kappa) times.
        self.bits = bits + order * math.ceil(math.log2(expected + 2)) + _GUARD_BITS
        self._pivots = recurrence.pivots(self.levels)
        self.terms = self._first(leading)
        self._others = recurrence.others(self.levels, self.bits)
        self._lost: list[list[arb]] = []
        self._continue()

    def _first(self, leading: Leading) -> list[list[Ball]]:
        """The terms with n < start in balls, to so many bits that they are as good as the others."""
        working = self.bits + _GUARD_BITS
        for _ in range(_MAX_EVALUATIONS):
            self._others = self.recurrence.others(self.levels, working)
            with working_precision(working):
                rows: list[list[Ball]] = []
                for row in leading:
                    rows.append([*(_ball(u, working) for u in row), *[arb(0)] * (self.levels - len(row))])
                for n in range(len(leading), self.start):
                    rows.append(self._next(n, rows)[0])
            self.largest = max(_log2(abs(u)) + n * self._slope for n, row in enumerate(rows) for u in row)
            widest = max(_log2(arb(u.rad())) + n * self._slope for n, row in enumerate(rows) for u in row)
            if widest <= self.largest - self.bits:
                break
            working += math.ceil(widest - (self.largest - self.bits)) + _GUARD_BITS
        return rows

    def _right_side(self, n: int, rows: Sequence[Sequence[Ball]]) -> list[Ball]:
        right: list[Ball] = [arb(0)] * self.levels
        for m, polynomials in self._others:
            if m > n:
                break
            if n - m >= len(rows):
                continue
            row = rows[n - m]
            for i, p in enumerate(polynomials):
                value = p(n)
                for k in range(self.levels - i):
                    right[k] = right[k] - value * row[k + i]
        return right

    def _next(self, n: int, rows: Sequence[Sequence[Ball]]) -> tuple[list[Ball], list[fmpz]]:
        """u_n and the values of the T_(0,i)(n)."""
        pivots = [p(n) for p in self._pivots]
        return _back_substitution(pivots, self._right_side(n, rows)), pivots

    def _continue(self) -> None:
        n, window = self.start, max(self.recurrence.reach, 1)
        terms, levels = self.terms, range(self.levels)
        with working_precision(self.bits):
            while True:
                row, pivots = self._next(n, terms)
                terms.append([u.mid() for u in row])
                radii = [u.rad() for u in row]
                self._lost.append([sum((abs(pivots[i - k]) * radii[i] for i in levels[k:]), arb(0)) for k in levels])
                n += 1
                if n % _STRIDE == 0:
                    found = [_log2(abs(u)) + j * self._slope for j in range(max(n - window, 0), n) for u in terms[j]]
                    if max(found) <= self.largest - self.bits and n > self.start + window:
                        break
                    self.largest = max(self.largest, *found)
                    if n > _MAX_TERMS:
                        raise ValueError(
                            f"|t| = {self.disc.reach.str(8)} is too near to the radius of convergence for a sum of "
                            f"{_MAX_TERMS} terms"
                        )

    def error(self, distance: arb, log_bound: arb) -> list[arb]:
        """Bounds of |theta^i e|, i < r, at the distance h from the point, where |log t| <= ``log_bound``."""
        with working_precision(_BOUND_BITS):
            count, reach = len(self.terms), self.recurrence.reach
            rest = [[abs(u) for u in self._right_side(n, self.terms)] for n in range(count, count + reach)]
            kappa, alpha = self.disc.kappa, _fmpq(self.recurrence.exponent)
            total = arb(0)
            for first, defect in ((self.start, self._lost), (count, rest)):
                beyond = (alpha + first - kappa).lower()
                for k in range(self.levels):
                    weight = sum(
                        (log_bound ** (k - j) / math.factorial(k - j) / beyond ** (j + 1) for j in range(k + 1)), arb(0)
                    )
                    series = arb_poly([row[k] for row in defect])
                    total += weight * series(distance) * distance**first
            total = total * distance**alpha * self.disc.inverse / self.recurrence.scale
            order = self.recurrence.form.order
            return [(total * self.disc.omega ** (i - order + 1)).upper() for i in range(order)]

    def derivatives(self, t: acb, log_t: acb, distance: arb, bits: int) -> list[acb]:
        """y, y', ..., y^(r-1) at t, with all errors; ``distance`` is |t|, or for a power series a bound of it."""
        order, alpha = self.recurrence.form.order, self.recurrence.exponent
        with working_precision(self.bits, order):
            parts = [_jet([row[k] for row in self.terms], t, order) for k in range(self.levels)]
            total = parts[0]
            if self.levels > 1 or alpha != 0:
                logarithm = acb_series([acb(1), 1 / t]).log() + log_t
                for k in range(1, self.levels):
                    total = total + parts[k] * logarithm**k / math.factorial(k)
                if alpha.denominator == 1:
                    total = total * acb_series([t, acb(1)]) ** int(alpha)
                else:
                    total = total * (logarithm * _fmpq(alpha)).exp()
            values = [total[i] * math.factorial(i) for i in range(order)]
        with working_precision(_BOUND_BITS):
            errors = self.error(distance, abs(log_t).upper())
            falling = fmpz_poly([1])
            spreads = []
            for k in range(order):
                size = sum((abs(c) * e for c, e in zip(falling.coeffs(), errors, strict=False)), arb(0))
                spreads.append(arb(0, (size / distance**k).upper()))
                falling *= fmpz_poly([-k, 1])
        with working_precision(self.bits):
            return [v + acb(s, s) for v, s in zip(values, spreads, strict=True)]


# ---------------------------------------------------------------------------------------------------------------------


def _sharpened(attempt: Callable[[int], list[acb]], bits: int, known: float) -> list[acb]:
    """Numbers to ``bits`` bits relative to the largest of them, or to little less than the ``known`` bits of t."""
    wanted = min(bits, known - _GUARD_BITS)
    working = bits + _GUARD_BITS
    best = attempt(working)
    for _ in range(_MAX_EVALUATIONS - 1):
        missing = wanted - _accuracy(best)
        if missing <= 0:
            break
        working += min(math.ceil(missing), working) + _GUARD_BITS if missing < math.inf else working
        again = attempt(working)
        if not _widest(again) < _widest(best) - 1:
            break
        best = again
    return best


def _known_bits(t: acb, log_t: acb) -> float:
    """The accuracy of t, also as the exponential of its logarithm."""
    return min(float(t.rel_accuracy_bits()), -_log2(arb(log_t.rad())))


def _accuracy(values: Sequence[acb]) -> float:
    """Bits of numbers relative to the largest of them."""
    widest = _widest(values)
    return -widest if abs(widest) == math.inf else max(_log2(abs(v)) for v in values) - widest


def _widest(values: Sequence[acb]) -> float:
    """The binary logarithm of the largest radius."""
    return max(_log2(arb(v.rad())) for v in values) if all(v.is_finite() for v in values) else math.inf


def _jet(coefficients: Sequence[Ball], t: acb, order: int) -> acb_series:
    """sum c_n (t + x)^n in powers of x, x^order left out."""
    polynomial = _polynomial(coefficients)
    at: Ball = t.real if t.imag.is_zero() else t
    found = []
    for i in range(order):
        found.append(acb(polynomial(at)) / math.factorial(i))
        polynomial = polynomial.derivative()
    return acb_series(found)


def _perron_root(sizes: Sequence[float]) -> float:
    """Nearly the positive solution of x^r = sum a_j x^j, or 1 where that is less."""

    def share(x: float) -> float:
        return sum(a / x ** (len(sizes) - j) for j, a in enumerate(sizes))

    low, high = 1.0, 1.0
    while share(high) > 1:
        low, high = high, 2 * high
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if share(middle) > 1 else (low, middle)
    return high


def _back_substitution(pivots: Sequence[Any], right: Sequence[Any]) -> list[Any]:
    """v with (p_0 + p_1 S + p_2 S^2 + ...) v = right."""
    size = len(right)
    solved = list(right)
    for k in range(size - 1, -1, -1):
        for i in range(1, min(size - k, len(pivots))):
            solved[k] = solved[k] - pivots[i] * solved[k + i]
        solved[k] = solved[k] / pivots[0]
    return solved


def _shifted(coefficients: Sequence[Exact], shift: Fraction) -> list[Exact]:
    """p(x + shift)."""
    terms: list[Exact] = []
    for c in reversed(coefficients):
        moved = [fmpq(0), *terms]
        for k, a in enumerate(terms):
            moved[k] = moved[k] + a * _fmpq(shift)
        moved[0] = moved[0] + c
        terms = moved
    return terms


def _all_derivatives(coefficients: Sequence[Exact], count: int) -> list[list[Exact]]:
    """The coefficients of p^(i)/i!, i < count."""
    return [[c * math.comb(j, i) for j, c in enumerate(coefficients)][i:] for i in range(count)]


def _derivatives(coefficients: Sequence[Exact], n: int) -> list[Exact]:
    """The p^(i)(n)/i!, exactly."""
    return _shifted(coefficients, Fraction(n))


def _integral(coefficients: Sequence[Exact]) -> fmpz_poly:
    return fmpq_poly(cast(list[fmpq], coefficients)).numer()


def _polynomial(coefficients: Sequence[Ball]) -> arb_poly | acb_poly:
    real = [c for c in coefficients if isinstance(c, arb)]
    return arb_poly(real) if len(real) == len(coefficients) else acb_poly(list(coefficients))


def _stripped(row: list[Exact]) -> list[Exact]:
    while row and row[-1] == 0:
        row.pop()
    return row


def _simplest(value: AlgebraicNumber) -> Exact:
    if not value.is_rational:
        return value
    return value.poly[0] if value.poly.degree() == 0 else fmpq(0)


def _fmpq(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def _ball(value: Exact, bits: int) -> Ball:
    """A real ball where the number is real."""
    if isinstance(value, fmpq):
        with working_precision(bits):
            return arb(value)
    found = value.ball(bits)
    return found.real if found.imag.is_zero() else found


def _log2(value: arb) -> float:
    """Nearly the binary logarithm of an upper bound of a number that is not negative; -inf for 0."""
    mantissa, exponent = value.upper().man_exp()
    size = int(mantissa)
    if size <= 0:
        return -math.inf
    excess = max(size.bit_length() - 53, 0)
    return math.log2(size >> excess) + int(exponent) + excess
