"""The ground state energy of p^2/2 + V(x) for an even polynomial V, certified to any number of digits.

Let psi_E solve psi'' = 2 (V - E) psi, psi(0) = 1, psi'(0) = 0. It is an even entire function, and its power series, in
balls and with a bound for what is cut off, gives psi_E and psi_E' at any rational point. Two elementary facts turn the
signs of a few such values into a theorem about the lowest level E_0, whose eigenfunction is even and without zeros:

*Above.* If psi_E(x) <= 0 for some x > 0, then E_0 <= E. Let x_1 be the first zero: psi_E between -x_1 and x_1, and 0
beyond, is a trial function of energy E.

*Below.* If psi_E > 0 for all x, then E_0 >= E: with f = u psi_E, (f, (H - E) f) = int psi_E^2 |u'|^2/2 >= 0 for every
smooth f of bounded support (Jacobi's factorisation; Allegretto 1974, Piepenbrink 1974).

psi_E > 0 everywhere follows from finitely many points 0 = x_0 < x_1 < ... < x_n = X. Beyond X it is enough that V > E
there and psi_E(X) > 0, psi_E'(X) > 0: psi_E grows for ever. Between x_i and x_(i+1), where psi_E is positive at both,
zeros would come in pairs (a double one is impossible), and by Sturm's comparison theorem two zeros of a solution are at
least pi/sqrt(2 kappa) apart, kappa = max (E - V) there; if kappa <= 0 there are not even two. So

    2 kappa (x_(i+1) - x_i)^2 < pi^2

excludes them. Where psi_E at X is positive for E = E_low and negative for E = E_high, E_0 is therefore between the two,
and it is known to about exp(-2 int^X sqrt(2 (V - E)) dx), the integral over the region beyond the turning point.

The power series is bounded by its majorant. With t_k = |a_k| X^(2k), V = sum_j v_j x^(2j) of degree 2d, and

    rho = 2 X^2 (|E| + sum_j |v_j| X^(2j)) / ((2K + 1)(2K + 2)) < 1,

the recurrence gives t_(k+1) <= rho max(t_k, ..., t_(k-d)) for k >= K, so that sum_(k > K) t_k <= M (d+1) rho/(1 - rho)
with M = max(t_K, ..., t_(K-d)).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import flint
import numpy as np
from flint import arb, arb_poly, fmpq, fmpq_poly

from .numbers import Enclosure, bits_for, check_digits, enclosure, working_precision
from .univariate import polynomial_of

__all__ = ["ground_state_energy"]

#: Bits by which the two energies that are tested lie closer together than asked for.
_GUARD_BITS = 6

#: Bits of cancellation and of energy beyond which a problem is refused: minutes of work.
_MAX_BITS = 200_000

#: Points of the grid on which the energy is first guessed.
_GRID = 96
_MAX_GRID = 8 * _GRID

#: Steps of a float quadrature outwards.
_MAX_OUTLINE = 100_000

#: Attempts, each with more precision and a larger X, before the search is given up.
_MAX_ATTEMPTS = 12

#: Steps of the secant method, whose digits grow by a factor 1.6 in each.
_MAX_STEPS = 60

#: Intervals between points at which psi is evaluated.
_MAX_INTERVALS = 4000


def ground_state_energy(potential: object, digits: int = 30) -> Enclosure:
    """The lowest eigenvalue of H = p^2/2 + V(x) on the real line, certified.

    Parameters
    ----------
    potential : polynomial
        V, even, in one variable, with rational coefficients and a positive leading one: text, a sympy expression or a
        polynomial of flint.
    digits : int, optional
        Digits of E_0, relative to the larger of |E_0| and E_0 - min V.

    Returns
    -------
    Enclosure
        ``certified`` by the theorem in the head of :mod:`resurgence.schroedinger`.

    Raises
    ------
    TypeError, ValueError
        For a potential that is not such a polynomial, or so deep and narrow, or so wide, that the power series would
        need more than 200000 bits.

    Examples
    --------
    >>> print(ground_state_energy("x^2/2 + x^4", digits=20).short(20))
    0.80377065123427376935
    >>> ground_state_energy("(x^6 - 3*x^2)/2", digits=20).contains(0)  # exp(-x^4/4) has the energy 0
    True
    """
    even = _even_coefficients(potential)
    wanted = bits_for(check_digits(digits))
    outline = _Outline(tuple(_float(v) for v in even))
    bits, extra = wanted + _GUARD_BITS, 32
    for attempt in range(_MAX_ATTEMPTS):
        edge = outline.edge(bits + 16 * (attempt + 1))
        precision = outline.precision(edge) + extra
        if precision > _MAX_BITS:
            raise ValueError(
                f"the ground state of {potential} needs its power series at about {precision} bits, more than "
                f"{_MAX_BITS}: ask for fewer digits"
            )
        with working_precision(precision):
            found = _enclose(even, outline, edge, bits)
        if found is not None:
            with working_precision(wanted + 64):
                return enclosure(found[0].union(found[1]), "certified", "signs of the power series of psi, Sturm")
        extra *= 2
    raise ValueError(f"no enclosure of the ground state energy of {potential} was found")


def _even_coefficients(potential: object) -> list[fmpq]:
    """v_0, ..., v_d with V = sum_j v_j x^(2j)."""
    polynomial, _ = polynomial_of(potential)
    coefficients = polynomial.coeffs()
    if any(c != 0 for c in coefficients[1::2]):
        raise ValueError(f"the potential must be even, V(-x) = V(x): shift x to its centre, got {polynomial}")
    if len(coefficients) < 3 or coefficients[-1] < 0:
        raise ValueError(f"the potential must grow to +infinity, so that there is a ground state, got {polynomial}")
    return coefficients[::2]


def _float(value: fmpq) -> float:
    try:
        return int(value.p) / int(value.q)
    except OverflowError:
        raise ValueError("the coefficients of the potential are too large: scale x and the energy") from None


@dataclass(frozen=True)
class _Outline:
    """The problem in doubles: what the certificate starts from. Nothing is proved by it."""

    even: tuple[float, ...]

    def potential(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(np.polynomial.polynomial.polyval(x * x, self.even))

    @cached_property
    def width(self) -> float:
        """Where the ground state is below 1e-12, for an energy that is certainly too high: that of a Gaussian."""
        top = len(self.even) - 1
        lengths = [abs(v) ** (-1 / (2 * j + 2)) for j, v in enumerate(self.even) if v and j]
        lengths += [(abs(v) / self.even[-1]) ** (1 / (2 * (top - j))) for j, v in enumerate(self.even[:-1]) if v and j]
        widths = np.geomspace(min(lengths) / 100, max(lengths) * 100, 2001)
        with np.errstate(over="ignore", invalid="ignore"):
            moments = np.ones_like(widths)
            energies = 1 / (8 * widths**2)
            for j, v in enumerate(self.even):
                energies = energies + v * moments
                moments = moments * (2 * j + 1) * widths**2
        best = int(np.argmin(np.where(np.isfinite(energies), energies, np.inf)))
        return self._reach(float(energies[best]), 0.05 * float(widths[best]), 28.0)

    def _reach(self, energy: float, step: float, action: float) -> float:
        """The x up to which the integral of sqrt(2 (V - E)) beyond the last turning point is ``action``."""
        x, total = 0.0, 0.0
        for _ in range(_MAX_OUTLINE):
            x += step
            height = _horner(self.even, x * x) - energy
            total = total + step * math.sqrt(2 * height) if height > 0 else 0.0
            if total >= action and self._rises(x, energy):
                return x
        raise ValueError("the potential is too flat or its wells too far apart for the ground state to be outlined")

    def _rises(self, x: float, energy: float) -> bool:
        """Whether every derivative of V - E in x^2 is positive at x, so that V > E beyond."""
        coefficients = [self.even[0] - energy, *self.even[1:]]
        while coefficients:
            if not _horner(coefficients, x * x) > 0:
                return False
            coefficients = [j * c for j, c in enumerate(coefficients)][1:]
        return True

    @cached_property
    def energy(self) -> float:
        """The ground state energy on a grid of sinc functions (Colbert & Miller 1992), the even ones."""
        before, points = math.inf, _GRID
        while points <= _MAX_GRID:
            step = self.width / points
            index = np.arange(points)
            kinetic = _sinc_kinetic(index[:, None] - index[None, :]) + _sinc_kinetic(
                index[:, None] + index[None, :] + 1
            )
            matrix = kinetic / step**2 + np.diag(self.potential((index + 0.5) * step))
            energy = float(np.linalg.eigvalsh(matrix)[0])
            if abs(energy - before) < 1e-6 * self.scale(energy):
                return energy
            before, points = energy, 2 * points
        raise ValueError("the wells of the potential are too narrow for the ground state to be outlined on a grid")

    def scale(self, energy: float) -> float:
        """The larger of |E| and E - min V."""
        lowest = float(np.min(self.potential(np.linspace(0, self.width, 4001))))
        return max(abs(energy), energy - lowest)

    def edge(self, bits: int) -> fmpq:
        """X, where psi tells energies apart that differ in that bit."""
        reach = self._reach(self.energy, self.width / 400, bits * math.log(2) / 2)
        mantissa, exponent = math.frexp(reach)
        return fmpq(math.ceil(mantissa * 256), 256) * fmpq(2) ** exponent

    def precision(self, edge: fmpq) -> int:
        """Bits for the cancellation at X: the majorant of psi there against psi itself."""
        x = np.linspace(0, _float(edge), 4001)
        majorant = np.polynomial.polynomial.polyval(x * x, np.abs(self.even)) + abs(self.energy)
        growth = np.sqrt(2 * majorant) + np.sqrt(2 * np.clip(self.potential(x) - self.energy, 0, None))
        return math.ceil(float(np.trapezoid(growth, x)) / math.log(2))


def _horner(coefficients: Sequence[float], at: float) -> float:
    value = 0.0
    for c in reversed(coefficients):
        value = value * at + c
    return value


def _sinc_kinetic(distance: np.ndarray) -> np.ndarray:
    """p^2/2 between sinc functions that many steps apart, times the square of the step."""
    sign = np.where(distance % 2 == 0, 1.0, -1.0)
    return np.where(distance == 0, math.pi**2 / 6, sign / np.where(distance == 0, 1, distance) ** 2)


# ---------------------------------------------------------------------------------------------------------------------
# In balls, at flint's current precision


def _enclose(even: Sequence[fmpq], outline: _Outline, edge: fmpq, bits: int) -> tuple[arb, arb] | None:
    """Two exact energies with the lowest level between them, or None where precision or X were too small."""
    scale = arb(outline.scale(outline.energy))
    half_width = (scale * arb(2) ** -bits).mid()
    energy = _secant(even, edge, arb(outline.energy), scale, half_width)
    if energy is None:
        return None
    low, high = (energy - half_width).mid(), (energy + half_width).mid()
    if not _Wave(even, high, edge).value(fmpq(1)) < 0:  # E_0 <= high
        return None
    return (low, high) if _is_lower_bound(even, low, edge) else None


def _secant(even: Sequence[fmpq], edge: fmpq, start: arb, scale: arb, tolerance: arb) -> arb | None:
    """A zero of psi_E(X) in E, near ``start``, by midpoints: nothing is proved here."""
    before = (start - scale * arb(2) ** -24).mid()
    energy = start
    value_before = _Wave(even, before, edge).value(fmpq(1)).mid()
    for _ in range(_MAX_STEPS):
        value = _Wave(even, energy, edge).value(fmpq(1)).mid()
        slope = value - value_before
        if slope.contains(0):
            return None
        step = (value * (energy - before) / slope).mid()
        before, value_before, energy = energy, value, (energy - step).mid()
        if abs(step) < tolerance / 8:
            return energy
        if abs(energy - start) > scale:
            return None
    return None


class _Wave:
    """psi_E on [0, X], X = ``edge``, for an exact energy: its power series in (x/X)^2, and a bound for the rest."""

    def __init__(self, even: Sequence[fmpq], energy: arb, edge: fmpq) -> None:
        self.edge = edge
        square = arb(edge * edge)
        weights = [2 * square * arb(v * edge ** (2 * j)) for j, v in enumerate(even)]
        largest = 2 * square * abs(energy) + sum((abs(w) for w in weights), arb(0))
        weights[0] -= 2 * square * energy
        coupled = [(j, w) for j, w in enumerate(weights) if not w.is_zero()]
        terms, span, peak = [arb(1)], len(even), arb(1)
        while True:
            k = len(terms) - 1
            total = arb(0)
            for j, w in coupled:
                if j <= k:
                    total += w * terms[k - j]
            terms.append(total / ((2 * k + 1) * (2 * k + 2)))
            if k % 32 == 31 and k > span:
                peak = max([peak, *(abs(t).upper() for t in terms[-32:])])
                recent = max(abs(t).upper() for t in terms[-span:])
                if recent < peak * arb(2) ** -flint.ctx.prec:
                    rest = _remainder(recent, largest, span, k + 1)
                    if rest is not None:
                        break
        self._rest, self._slope_rest = (arb(0, r) for r in rest)
        self._series = arb_poly(terms)

    def value(self, fraction: fmpq) -> arb:
        """psi_E at x = ``fraction`` * X, between 0 and X."""
        return self._series(arb(fraction * fraction)) + self._rest

    def slope(self) -> arb:
        """psi_E'(X), times X/2."""
        return self._series.derivative()(arb(1)) + self._slope_rest


def _remainder(recent: arb, largest: arb, span: int, last: int) -> tuple[arb, arb] | None:
    """Bounds for the sums of t_k and of k t_k over k > last, or None while the ratio is too large for one.

    ``recent`` bounds the last ``span`` = d + 1 terms, and ``largest`` is the numerator of rho in the head of this
    module. The next ``span`` terms are below rho * recent, those after them below rho^2 * recent, and so on.
    """
    ratio = (largest / ((2 * last + 1) * (2 * last + 2))).upper()
    if not ratio < arb(0.5):
        return None
    rest = recent * span * ratio / (1 - ratio)
    return rest.upper(), (rest * (last + span / (1 - ratio))).upper()


def _is_lower_bound(even: Sequence[fmpq], energy: arb, edge: fmpq) -> bool:
    """Whether psi_E is proved to have no zero."""
    wave = _Wave(even, energy, edge)
    if not (_above_beyond(even, energy, edge) and wave.value(fmpq(1)) > 0 and wave.slope() > 0):
        return False
    potential = arb_poly([arb(v) for v in even])
    intervals = [(fmpq(0), fmpq(1))]
    for _ in range(_MAX_INTERVALS):
        if not intervals:
            return True
        left, right = intervals.pop()
        if _has_no_two_zeros(potential, energy, edge * left, edge * right):
            continue
        middle = (left + right) / 2
        if not wave.value(middle) > 0:
            return False
        intervals += [(left, middle), (middle, right)]
    return False


def _above_beyond(even: Sequence[fmpq], energy: arb, edge: fmpq) -> bool:
    """Whether V > E from X on: every derivative of V - E in x^2 is positive at X, as far as this proves it."""
    shifted = fmpq_poly(list(even))(fmpq_poly([edge * edge, 1])).coeffs()
    return bool(arb(shifted[0]) > energy) and all(c >= 0 for c in shifted[1:])


def _has_no_two_zeros(potential: arb_poly, energy: arb, left: fmpq, right: fmpq) -> bool:
    """Sturm's comparison: whether no solution of psi'' = 2 (V - E) psi can have two zeros in this interval."""
    squares = arb(left * left).union(arb(right * right))
    kappa = (energy - potential(squares)).upper()
    return bool(kappa <= 0) or bool(2 * kappa * arb(right - left) ** 2 < arb.pi() ** 2)
