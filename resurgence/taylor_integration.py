"""Initial value problems u'' = f(x, u) with a polynomial f, by Taylor series of high order, in balls.

At each step the Taylor polynomial p of the solution through the midpoint of what is known, and those of the two
solutions of the tangent equation w'' = f_u(x, p) w, carry the initial ball on. What they leave out is bounded by their
residuals. Let p'' = f(x, p) + R with |R| <= rho on the disc of radius h; let y be the true solution, w = y - p, and let
L and F bound |f_u| and |f_uu| wherever |u| <= P + W, where P bounds |p|. As long as |w| <= W,

    |w''| <= L |w| + rho,    so that    |w| <= omega(t) = eta_0 cosh(l t) + eta_1 sinh(l t)/l + rho (cosh(l t) - 1)/L

with l = sqrt(L) and eta the sizes of w and w' at the start (Gronwall); omega(h) <= W then makes this hold all the way.
With the tangent polynomials w_i'' = f_u(x, p) w_i + R_i the rest e = w - w_1 w(0) - w_2 w'(0) has e(0) = e'(0) = 0 and

    |e''| <= L |e| + sigma,    sigma = rho + rho_1 eta_0 + rho_2 eta_1 + F omega(h)^2/2,

whence |e(h)| <= sigma (cosh(l h) - 1)/L and |e'(h)| <= sigma sinh(l h)/l. The Jacobian matrices are multiplied up and
meet the initial ball only at the end: it grows as solutions of the tangent equation do, not as their majorants (Lohner
1987, in *Computerarithmetic*, Teubner, 255, on the wrapping effect). Orders and steps: Jorba & Zou 2005, Exp. Math. 14,
99.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from flint import acb, acb_mat, acb_poly, arb, arb_poly, fmpq

from .numbers import rational, working_precision

__all__ = ["SecondOrderEquation"]

#: Terms of a Taylor polynomial for each bit: a step is then about 2^(-1/0.6) of the radius of convergence.
_ORDER_PER_BIT = 0.6

#: Coefficients found by one linearisation of f: what came before them enters by a fast product, they by the schoolbook.
_BLOCK = 32

#: Logarithm of the longest step that is proposed.
_LONGEST = 40.0

#: A step that cannot be enclosed is halved, but not below 2^-24 of what is left: a solution nearby has a pole.
_SHORTEST = 24

#: Attempts to find a W that is wide enough: each is twice what the one before it would have needed.
_WIDENINGS = 8

#: Of the initial ball, what terms of second order in it may add to the error of one step.
_BENDING = 0.125

#: The bounds' growth exp(l h) in one step takes at most this part of the bits, and these.
_GROWTH, _LEAST_GROWTH = 8, 32

#: What the tangents have of the solution's bits and terms: their errors meet the small initial ball only.
_TANGENT = 3

#: Steps along one path: many more than between neighbouring poles are a sign that the path runs into one.
_MAX_STEPS = 1000


class SecondOrderEquation:
    """The equation u'' = f(x, u) with a polynomial f over the rationals.

    Parameters
    ----------
    terms : mapping
        The coefficient of x^i u^j in f for each pair (i, j).

    Raises
    ------
    TypeError, ValueError
        For powers that are not non-negative integers, and for coefficients that are not rational.

    Examples
    --------
    Painlevé's first equation u'' = 6 u^2 + x, and the sine as a solution of u'' = -u:

    >>> print(SecondOrderEquation({(0, 2): 6, (1, 0): 1}))
    u'' = x + 6 u^2
    >>> value, slope = SecondOrderEquation({(0, 1): -1}).integrate([acb(0), acb(1)], acb(0), acb(1), 80)
    >>> value.overlaps(acb(1).sin()), value.rel_accuracy_bits() > 70
    (True, True)
    """

    def __init__(self, terms: Mapping[tuple[int, int], object]) -> None:
        rows: dict[int, dict[int, fmpq]] = {}
        for powers, value in terms.items():
            if not (isinstance(powers, tuple) and len(powers) == 2 and all(type(p) is int and p >= 0 for p in powers)):
                raise TypeError(f"terms are named by pairs (i, j) of non-negative integers, got {powers!r}")
            exact = rational(value)
            if exact is None:
                raise ValueError(f"the coefficients of f must be rational, got {value} for {powers}")
            rows.setdefault(powers[1], {})[powers[0]] = exact
        #: f = sum_j rows[j](x) u^j, a row being its coefficients in x.
        self.rows: tuple[tuple[fmpq, ...], ...] = tuple(
            tuple(rows.get(j, {}).get(i, fmpq(0)) for i in range(max(rows.get(j, {0: 0})) + 1))
            for j in range(max(rows, default=0) + 1)
        )

    def __str__(self) -> str:
        text = ""
        for j, row in enumerate(self.rows):
            for i, c in enumerate(row):
                powers = [f"{name}^{p}" if p > 1 else name for name, p in (("x", i), ("u", j)) if p]
                size = [str(abs(c))] if abs(c) != 1 or not powers else []
                if c != 0:
                    text += f" {'-' if c < 0 else '+'} " + " ".join(size + powers)
        return "u'' =" + (text.removeprefix(" +") or " 0")

    def integrate(self, path: Sequence[acb], value: acb, slope: acb, bits: int) -> tuple[acb, acb]:
        """Value and slope at the end of a path, for all solutions with the given balls at its beginning.

        Parameters
        ----------
        path : sequence of acb
            The corners of a polygon in the complex plane: of balls, the midpoints. Where the last one is a ball, what
            is returned holds at every point of it.
        value, slope : acb
            u and u' at the first corner.
        bits : int
            Working precision. Errors of 2^-bits on the way grow as solutions of the tangent equation do.

        Returns
        -------
        tuple of acb
            Balls that contain u and u' at the last corner for every solution that starts in the given balls: a proof,
            by the bounds in the head of this module.

        Raises
        ------
        ValueError
            For an empty path, balls that are not finite, and where no step forward can be enclosed: for a solution
            with a pole on the path or next to it, and for initial balls that are too wide.

        Examples
        --------
        Half a turn around 0, for Weierstrass's u'' = 6 u^2 with the solution 1/x^2:

        >>> equation = SecondOrderEquation({(0, 2): 6})
        >>> value, slope = equation.integrate([acb(1), acb(0, 1), acb(-1)], acb(1), acb(-2), 100)
        >>> value.contains(1), slope.contains(2), value.rad() < arb(2) ** -80
        (True, True, True)
        """
        if not path:
            raise ValueError("a path needs at least one corner, got none")
        if not (value.is_finite() and slope.is_finite() and all(z.is_finite() for z in path)):
            raise ValueError(f"integration needs finite numbers, got {value} and {slope} on {list(path)}")
        start = value, slope
        with working_precision(bits):
            corners = [z.mid() for z in path]
            flow = _Flow(self, corners[0], value, slope, bits)
            for corner in corners[1:]:
                flow.go(corner)
            value, slope = self._around(path[-1], *flow.solutions(flow.middle))
            if all(z.imag.is_zero() for z in (*corners, path[-1], *start)):
                return acb(value.real), acb(slope.real)  # a real equation with real data on the real line
            return value, slope

    def _around(self, x: acb, value: acb, slope: acb) -> tuple[acb, acb]:
        """From the middle of a ball to all of it: |u'| <= |u'(mid)| + M r, with |f| <= M where u moves by at most 1."""
        r = abs(x - x.mid()).upper()
        if r.is_zero():
            return value, slope
        most, far = arb(0), abs(x).upper()
        for row in reversed(self.rows):
            at = arb(0)
            for c in reversed(row):
                at = at * far + abs(arb(c))
            most = most * (abs(value) + 1) + at
        move = (abs(slope) + most * r) * r
        if not move < 1:
            raise ValueError(f"{self}: the end of the path is too uncertain for values to be enclosed there, got {x}")
        return value + _disc(move.upper()), slope + _disc((most * r).upper())


class _Flow:
    """Where an integration has got to: midpoint, Jacobian matrix of the way so far, and the errors made on it."""

    def __init__(self, equation: SecondOrderEquation, x: acb, value: acb, slope: acb, bits: int) -> None:
        self.equation, self.bits = equation, bits
        self.order = max(16, math.ceil(_ORDER_PER_BIT * bits))
        self.x, self.middle = x, (value.mid(), slope.mid())
        self.initial = acb_mat(2, 1, [value - value.mid(), slope - slope.mid()])
        self.jacobian = acb_mat(2, 2, [1, 0, 0, 1])
        self.errors = acb_mat(2, 1, [0, 0])

    def solutions(self, middle: tuple[acb, acb]) -> tuple[acb, acb]:
        """The balls around ``middle`` in which all solutions are."""
        off = self.jacobian * self.initial + self.errors
        return middle[0] + off[0, 0], middle[1] + off[1, 0]

    def go(self, end: acb) -> None:
        """As many steps as it takes to ``end``."""
        for _ in range(_MAX_STEPS):
            left = abs(end - self.x)
            if left.is_zero():
                return
            taylor = _Taylor(self.equation, self.x, self.middle, self.order, self.bits)
            length = taylor.step(self.bits)
            while length > left * arb(2) ** -_SHORTEST:
                to = end if left <= length else (self.x + (end - self.x) * (length / left)).mid()
                if self._advance(taylor, to):
                    break
                length = (length.min(left.upper()) / 2).mid()
            else:
                raise self._stuck(f"not even by {float(length):.1e}")
        if not (end - self.x).is_zero():
            raise self._stuck(f"not in {_MAX_STEPS} steps")

    def _stuck(self, reason: str) -> ValueError:
        at = complex(self.x)
        return ValueError(
            f"{self.equation}: the solution cannot be enclosed beyond x = {at.real:.6g}{at.imag:+.6g}j, {reason}: it "
            "has a pole near the path, or the initial values are too uncertain; take another path or better values"
        )

    def _advance(self, taylor: _Taylor, to: acb) -> bool:
        """Take one step, if the bounds in the head of this module hold for it, and say whether they did."""
        d = to - self.x
        h = abs(d).upper()
        off = self.solutions((acb(0), acb(0)))
        eta = abs(off[0]).upper(), abs(off[1]).upper()
        rho, *rhos = taylor.residuals(h)
        size = taylor.size(h)
        room = 2 * (eta[0] + h * eta[1] + h * h * rho).upper()
        for _ in range(_WIDENINGS):
            steep, curved = (taylor.majorant(h, size + room, k) for k in (1, 2))
            rate = steep.sqrt()
            if not rate * h < math.log(2) * (self.bits // _GROWTH + _LEAST_GROWTH):
                return False
            odd = h * _sinhc(rate * h)
            even = h * h / 2 * _sinhc(rate * h / 2) ** 2  # (cosh(l h) - 1)/l^2
            reach = (eta[0] * (1 + steep * even) + eta[1] * odd + rho * even).upper()
            if reach <= room:
                break
            room = 2 * reach
        else:
            return False
        sigma, bent = rho + rhos[0] * eta[0] + rhos[1] * eta[1], curved * reach * reach / 2
        if not bent <= sigma and not bent * even <= (eta[0] + h * eta[1]) * _BENDING:
            return False
        sigma += bent
        jacobian, arrived = taylor.jacobian(d), taylor.state(d)
        carried = jacobian * self.errors
        self.errors = acb_mat(
            2,
            1,
            [
                carried[k, 0] + arrived[k] - arrived[k].mid() + _disc((sigma * growth).upper())
                for k, growth in enumerate((even, odd))
            ],
        )
        self.jacobian = jacobian * self.jacobian
        self.middle, self.x = (arrived[0].mid(), arrived[1].mid()), to
        return True


def _disc(radius: arb) -> acb:
    return acb(arb(0, radius), arb(0, radius))


def _sinhc(x: arb) -> arb:
    """sinh(x)/x."""
    return (acb(0, 1) * x).sinc().real


class _Taylor:
    """The solution through a point as a polynomial in t = x - x_0, and two of the tangent equation, all exact."""

    def __init__(self, equation: SecondOrderEquation, x: acb, middle: tuple[acb, acb], order: int, bits: int) -> None:
        self.order, rough = order, bits // _TANGENT + 2 * _LEAST_GROWTH
        self.rows = [acb_poly([acb(c) for c in row])(acb_poly([x, 1])) for row in equation.rows]
        self.slopes = _derived(self.rows)
        self.solution = self._solution(*middle)
        left_out = [self.solution.derivative().derivative() - _horner(self.rows, self.solution)]
        with working_precision(rough):
            field = _horner(self.slopes, self.solution)
            terms = min(order, math.ceil(_ORDER_PER_BIT * rough))
            self.tangents = tuple(self._tangent(field, acb(a), acb(b), terms) for a, b in ((1, 0), (0, 1)))
            left_out += [w.derivative().derivative() - field * w for w in self.tangents]
        self._residuals = [_absolute(r) for r in left_out]
        self._absolute = _absolute(self.solution)
        self._bounds = [[_absolute(row) for row in rows] for rows in (self.rows, self.slopes, _derived(self.slopes))]

    def _solution(self, value: acb, slope: acb) -> acb_poly:
        """Where u = p + t^m v with p known, f(x, u) = f(x, p) + f_u(x, p) t^m v + O(t^(2m)): v by blocks."""
        terms = [value, slope]
        while (known := len(terms)) <= self.order:
            block = min(known, _BLOCK, self.order + 1 - known)
            p = acb_poly(terms)
            force = _horner(self.rows, p, known - 2 + block)
            field = _horner(self.slopes, p, block)
            terms += _block(force, field, known, block)
        return acb_poly(terms)

    def _tangent(self, field: acb_poly, value: acb, slope: acb, order: int) -> acb_poly:
        """w'' = field w, to that order."""
        terms = [value, slope]
        while (known := len(terms)) <= order:
            block = min(known, _BLOCK, order + 1 - known)
            force = (field.truncate(known - 2 + block) * acb_poly(terms)).truncate(known - 2 + block)
            terms += _block(force, field, known, block)
        return acb_poly(terms)

    def step(self, bits: int) -> arb:
        """The length at which the last terms are 2^-bits of the first two (Jorba & Zou 2005)."""
        sizes = [float(c.log().mid()) if c > 0 else -math.inf for c in self._absolute.coeffs()]
        scale = max(sizes[:2], default=-math.inf)
        if scale == -math.inf:
            scale = 0.0  # a solution that is zero at first: the step is only a proposal
        late = [(scale - bits * math.log(2) - sizes[n]) / n for n in range(self.order - 6, len(sizes))]
        return arb(math.exp(min([*late, _LONGEST])))

    def residuals(self, h: arb) -> list[arb]:
        """rho, rho_1, rho_2 on the disc of radius h."""
        return [r(h).upper() for r in self._residuals]

    def size(self, h: arb) -> arb:
        """P."""
        return self._absolute(h).upper()

    def majorant(self, h: arb, size: arb, derivative: int) -> arb:
        """A bound for |f_u| (1) or |f_uu| (2), where |t| <= h and |u| <= size."""
        total = arb(0)
        for row in reversed(self._bounds[derivative]):
            total = total * size + row(h)
        return total.upper()

    def state(self, d: acb) -> tuple[acb, acb]:
        """Value and slope at t = d."""
        return self.solution(d), self.solution.derivative()(d)

    def jacobian(self, d: acb) -> acb_mat:
        """Value and slope of the tangents there, as columns."""
        return acb_mat(2, 2, [w(d) for w in self.tangents] + [w.derivative()(d) for w in self.tangents])


def _block(force: acb_poly, field: acb_poly, known: int, block: int) -> list[acb]:
    """Midpoints of the next coefficients of u'' = force + field u, where ``force`` has what the known ones give."""
    fresh: list[acb] = []
    for k in range(block):
        total = force[known + k - 2]
        for j in range(k - 1):
            total = total + field[k - 2 - j] * fresh[j]
        fresh.append((total / ((known + k) * (known + k - 1))).mid())
    return fresh


def _horner(rows: Sequence[acb_poly], u: acb_poly, terms: int | None = None) -> acb_poly:
    """sum_j rows[j] u^j, of which ``terms`` coefficients."""
    total = acb_poly([0])
    for row in reversed(rows):
        total = total * u + row
        if terms is not None:
            total = total.truncate(terms)
    return total


def _derived(rows: Sequence[acb_poly]) -> list[acb_poly]:
    """The rows of the derivative with respect to u."""
    return [j * row for j, row in enumerate(rows)][1:]


def _absolute(polynomial: acb_poly) -> arb_poly:
    return arb_poly([abs(c) for c in polynomial.coeffs()])
