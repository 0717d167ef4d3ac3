"""Perturbation series of the levels of one-dimensional anharmonic oscillators, exactly, by hypervirial relations.

    H = p^2/2 + V(sqrt(g) x)/g,      V(y) = y^2/2 + c_3 y^3 + ... + c_d y^d,      E(g) = E_0 + E_1 g + E_2 g^2 + ...

has the levels E_0 = B with B = K + 1/2, K = 0, 1, 2, ..., and E_n is a polynomial of degree n + 1 in B. With
lambda = sqrt(g), the moments X_k = <x^k> of a level obey (the hypervirial relation for x^k, and Hellmann & Feynman's)

    (k + 1) X_(k+1) = 2k E X_(k-1) + k(k-1)(k-2)/4 X_(k-3) - sum_m (2k + m) c_m lambda^(m-2) X_(k+m-1),      X_0 = 1,
    dE/dlambda = sum_m (m - 2) c_m lambda^(m-3) X_m                                     (Swenson & Danforth 1972).

Expanded in lambda they give E order by order from B alone, without wave functions: a fourth of the work of the
recursion of Bender & Wu (1969, 1973), for every level at once where B is kept as a variable.

For integers c_m the coefficients are dyadic: so are those of the WKB series, whose recurrence divides by twice
the momentum alone, of its residue B(E, g) (Dunham 1932), and of the inverse E(B, g). So all is done in integers:

    X_k = sum_l Y_(k,l) 2^(-(k+3l)/2) D^(-l) lambda^l,        E_n = e_n 2^(-1-3n) D^(-2n),

where D clears the denominators of the c_m; the divisions by k + 1 are then exact. They are checked, every one of them,
and D is doubled where a remainder is left.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

from .series import FormalSeries, check_terms
from .univariate import polynomial_of

__all__ = ["energy_jets", "energy_polynomials", "energy_series"]

#: The factor by which rows may be longer than they need to be before they are cut.
_SLACK = 1.15

#: Doublings of D before a potential is given up; none has been needed by any potential in the tests.
_MAX_DOUBLINGS = 8


class _RemainderError(ArithmeticError):
    """A division that should have been exact was not: D is too small."""


def energy_series(potential: object, terms: int, level: int = 0) -> FormalSeries:
    """The perturbation series of a level of H = p^2/2 + V(sqrt(g) x)/g.

    Parameters
    ----------
    potential : polynomial
        V in one variable with rational coefficients, x^2/2 + higher powers: text, a sympy expression or a polynomial of
        flint. A term c x^m stands for c g^((m-2)/2) x^m in H: ``"x^2/2 + x^4"`` is H = p^2/2 + x^2/2 + g x^4.
    terms : int
        How many coefficients.
    level : int, optional
        K = 0, 1, 2, ...: 0 for the ground state.

    Returns
    -------
    FormalSeries
        Exact.

    Raises
    ------
    TypeError, ValueError
        For a potential that is not such a polynomial, fewer than one term, and a level that is no natural number.

    Examples
    --------
    >>> print(energy_series("x^2/2 + x^4", 4))
    1/2 + 3/4 g - 21/8 g^2 + 333/16 g^3 + O(g^4)
    >>> print(energy_series("x^2*(1 - x)^2/2", 4))
    1/2 - g - 9/2 g^2 - 89/2 g^3 + O(g^4)
    """
    jets = energy_jets(potential, terms, 1, level)
    return FormalSeries([jet[0] for jet in jets])


def energy_jets(potential: object, terms: int, order: int, level: int = 0) -> list[list[fmpq]]:
    """The first Taylor coefficients of E_0, E_1, ... in the level number: E_n(K + delta) = sum_i jet_i delta^i.

    Parameters
    ----------
    potential, terms, level
        As for :func:`energy_series`.
    order : int
        How many Taylor coefficients of each E_n.

    Returns
    -------
    list of list of fmpq
        ``jets[n][i]`` with n < terms and i < order.

    Raises
    ------
    TypeError, ValueError
        As :func:`energy_series`.

    Examples
    --------
    >>> energy_jets("x^2/2 + x^4", 2, 3)  # 1/2 + delta, 3/4 + 3/2 delta + 3/2 delta^2
    [[1/2, 1, 0], [3/4, 3/2, 3/2]]
    """
    powers = _anharmonicities(potential)
    count, jets = check_terms(terms), check_terms(order)
    if isinstance(level, bool) or not isinstance(level, int):
        raise TypeError(f"the level is an integer, 0 for the ground state, got {level!r}")
    if level < 0:
        raise ValueError(f"the level is 0 for the ground state, 1, 2, ... for excited ones, got {level}")
    clear = math.lcm(*(int((c * 2 ** (m - 2)).q) for m, c in powers.items()))
    for doubling in range(_MAX_DOUBLINGS):
        scale = clear << doubling
        try:
            energies = _energies(powers, scale, count, jets, level)
        except _RemainderError:
            continue
        return [
            [fmpq(e, fmpz(2) ** (1 + 3 * n) * fmpz(scale) ** (2 * n)) for e in jet] for n, jet in enumerate(energies)
        ]
    raise ArithmeticError(f"the series of {potential} is not dyadic up to the denominators of its coefficients")


def energy_polynomials(potential: object, terms: int) -> list[fmpq_poly]:
    """E_0, E_1, ... as polynomials in B = K + 1/2, K the level number.

    Parameters
    ----------
    potential, terms
        As for :func:`energy_series`.

    Returns
    -------
    list of fmpq_poly
        E_n has degree n + 1 at most, and the parity of n + 1.

    Raises
    ------
    TypeError, ValueError
        As :func:`energy_series`.

    Examples
    --------
    >>> energy_polynomials("x^2*(1 - x)^2/2", 3)  # Zinn-Justin & Jentschura 2004
    [x, (-3)*x^2 + (-1/4), (-17)*x^3 + (-19/4)*x]
    """
    shift = fmpq_poly([fmpq(-1, 2), 1])
    return [fmpq_poly(jet)(shift) for jet in energy_jets(potential, terms, check_terms(terms) + 1)]


def _anharmonicities(potential: object) -> dict[int, fmpq]:
    """m and c_m, for m >= 3."""
    polynomial, _ = polynomial_of(potential)
    coefficients = polynomial.coeffs()
    if len(coefficients) < 3 or coefficients[:3] != [0, 0, fmpq(1, 2)]:
        raise ValueError(
            f"the potential must be x^2/2 + higher powers (shift it to its minimum and scale x), got {polynomial}"
        )
    return {m: c for m, c in enumerate(coefficients) if m > 2 and c != 0} or {4: fmpq(0)}


def _energies(powers: Mapping[int, fmpq], scale: int, count: int, jets: int, level: int) -> list[list[fmpz]]:
    """e_0, ..., e_(count-1), as jets."""
    terms = [(m, int(c * 2 ** (m - 2) * fmpz(scale) ** (m - 2))) for m, c in powers.items()]
    assert all(fmpq(c) == powers[m] * 2 ** (m - 2) * fmpz(scale) ** (m - 2) for m, c in terms)
    step = 2 if all(m % 2 == 0 for m in powers) else 1  # an even potential needs even powers of lambda only
    last = 2 * (count - 1)
    # Row l: the moments Y_(k,l) with k + l <= last + 2 and k of the parity of l, that is k = 2i + (l mod 2); by jets.
    rows: dict[int, list[list[fmpz]]] = {}
    packed: dict[int, list[fmpz_poly]] = {}
    energies = [_first_jet(2 * level + 1, jets)]
    for ell in range(0, last + 1, step):
        if ell % 2 == 0 and ell > 0:
            energies.append(_hellmann_feynman(terms, rows, ell, jets))
        odd, size = ell % 2, (last + 2 - ell) // 2 + 1
        longest = max((p.length() for row in packed.values() for p in row), default=0) if ell % 16 == 0 else 0
        if longest > _SLACK * size:
            packed = {k: [p.truncate(size) for p in row] for k, row in packed.items()}
        sums = [p.coeffs() for p in _convolution(energies, packed, ell, jets)]
        rows[ell] = _row(terms, rows, sums, ell, odd, size, jets, energies[0])
        packed[ell] = [fmpz_poly(part) for part in rows[ell]]
        rows.pop(ell - max(powers) + 1, None)
    return energies


def _first_jet(value: int, jets: int) -> list[fmpz]:
    """2B = 2K + 1 + 2 delta."""
    return ([fmpz(value), fmpz(2)] + [fmpz(0)] * jets)[:jets]


def _hellmann_feynman(
    terms: Sequence[tuple[int, int]], rows: Mapping[int, Sequence[Sequence[fmpz]]], ell: int, jets: int
) -> list[fmpz]:
    energy = []
    for i in range(jets):
        total = fmpz(0)
        for m, c in terms:
            if ell - m + 2 >= 0:
                total += (m - 2) * c * rows[ell - m + 2][i][m // 2]
        energy.append(_exact_quotient(total, ell))
    return energy


def _convolution(
    energies: Sequence[Sequence[fmpz]], packed: Mapping[int, Sequence[fmpz_poly]], ell: int, jets: int
) -> list[fmpz_poly]:
    """sum_(j >= 1) e_j Y_(k,l-2j) for all k at once: this is where the time goes."""
    sums = [fmpz_poly() for _ in range(jets)]
    for j in range(1, ell // 2 + 1):
        for a, e in enumerate(energies[j]):
            if e != 0:
                for b in range(jets - a):
                    sums[a + b] += e * packed[ell - 2 * j][b]
    return sums


def _row(
    terms: Sequence[tuple[int, int]],
    rows: Mapping[int, Sequence[Sequence[fmpz]]],
    sums: Sequence[Sequence[fmpz]],
    ell: int,
    odd: int,
    size: int,
    jets: int,
    first: Sequence[fmpz],
) -> list[list[fmpz]]:
    """Y_(k,l) for the k of the parity of l, from X_0 = 1 (even l) or from X_1, which needs lower orders only."""
    row: list[list[fmpz]] = [[] for _ in range(jets)]
    sources = [(m, c, rows[ell - m + 2]) for m, c in terms if ell - m + 2 >= 0]
    slope = first[1] if jets > 1 else fmpz(0)
    for index in range(size):
        below, k = index - 1, 2 * index + odd - 1  # Y_(k+1) stands at index
        for i in range(jets):
            if k < 0:
                row[i].append(fmpz(1 if ell == 0 and i == 0 else 0))
                continue
            total = fmpz(0)
            if k > 0:
                total = first[0] * row[i][below]
                if i > 0:
                    total += slope * row[i - 1][below]
                if below < len(sums[i]):
                    total += sums[i][below]
                total *= 2 * k
            if k > 2:
                total += k * (k - 1) * (k - 2) * row[i][below - 1]
            for m, c, source in sources:
                total -= (2 * k + m) * c * source[i][(k + m - 1) // 2]
            row[i].append(_exact_quotient(total, k + 1))
    return row


def _exact_quotient(value: fmpz, by: int) -> fmpz:
    quotient, remainder = divmod(value, by)
    if remainder != 0:
        raise _RemainderError
    return quotient
