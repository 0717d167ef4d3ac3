"""Alien calculus: what the Stokes phenomenon does to a trans-series in one parameter.

The dotted alien derivative at k A, exp(-k A/g) Delta_(kA), is a derivation that commutes with d/dg, so that it turns a
solution F(sigma) of a differential equation into a solution of the linearised one: Écalle's bridge equation

    exp(-kA/g) Delta_(kA) F = S_k sigma^(1-k) dF/dsigma,        k = 1, -1, -2, ...

(Écalle 1985; Sauzin 2016, in *Divergent Series, Summability and Resurgence I*, part II; Aniceto, Başar & Schiappa 2019,
section 5). There are no k > 1, because F has no negative powers of sigma. Sector by sector, with F = sum sigma^k T_k,

    exp(-kA/g) Delta_(kA) T_n = S_k (n + k) T_(n+k).

The Stokes automorphism of the ray through A is its exponential, and with S_1 normalised as the Stokes constant S of
the first two sectors (S_above Phi_0 - S_below Phi_0 = S exp(-A/g) g^beta Phi_1 + ...)

    S_above F(sigma) = S_below exp(S d/dsigma) F(sigma) = S_below F(sigma + S).

Alien derivatives act on the T_n and commute with sigma: the weights of the result are those of a linear map on the T_n.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from .formal_integral import Index
from .transseries import NO_FAMILY, TransSeries, shifted_weights

__all__ = ["alien_derivative", "stokes_automorphism"]


def alien_derivative(series: TransSeries, index: int = 1, constant: object | None = None) -> TransSeries:
    """exp(-kA/g) Delta_(kA) of a trans-series in one parameter, by the bridge equation.

    Parameters
    ----------
    series : TransSeries
        Of the solution of a differential equation, or what alien derivatives and products make of such.
    index : int
        k: 1, -1, -2, ...
    constant : number or sympy expression, optional
        The Stokes constant S_k; by default the symbol ``S_1``, ``S_-1``, ...

    Returns
    -------
    TransSeries
        With the same sectors, and other weights.

    Raises
    ------
    ValueError
        For two parameters, another index, and a product that is no family in sigma (see :class:`TransSeries`).

    Examples
    --------
    >>> t = TransSeries.from_system({"y": "y - g + y^2"}, order=3, terms=4)
    >>> alien_derivative(t).weights
    {(0,): 0, (1,): S_1, (2,): 2*S_1*sigma, (3,): 3*S_1*sigma**2}
    >>> alien_derivative(t, -1).weights
    {(0,): 0, (1,): S_-1*sigma**2, (2,): 2*S_-1*sigma**3, (3,): 0}
    """
    _check(series)
    value = _constants({index: constant})[index]
    weights: dict[Index, sympy.Expr] = {}
    for (m,) in series.sectors:
        before = (m - index,)
        weights[(m,)] = sympy.expand(value * m * series.weights[before]) if before in series.weights else sympy.S.Zero
    return series._with(weights)


def stokes_automorphism(series: TransSeries, constants: Mapping[int, object] | object | None = None) -> TransSeries:
    """exp(sum_k exp(-kA/g) Delta_(kA)), the sum over the k on one ray: what passing from above to below it does.

    Parameters
    ----------
    series : TransSeries
        As for :func:`alien_derivative`.
    constants : number, expression or mapping, optional
        S_1 for the ray through A (by default the symbol ``S_1``); or a mapping from k to S_k, with k = 1 or with
        negative k: the ray through -A.

    Returns
    -------
    TransSeries
        G with S_above F = S_below G along the ray. For F = sum sigma^k T_k and the ray through A this is F(sigma + S).
        On the ray through -A each sector takes from all later ones, and those beyond the order are left out: the
        weights are right up to sigma^order.

    Raises
    ------
    TypeError, ValueError
        As :func:`alien_derivative`, and for indices of both signs.

    Examples
    --------
    >>> t = TransSeries.from_system({"y": "y - g + y^2"}, order=2, terms=4)
    >>> stokes_automorphism(t).weights
    {(0,): 1, (1,): S_1 + sigma, (2,): S_1**2 + 2*S_1*sigma + sigma**2}

    The ray through -A: sigma -> sigma/(1 - S sigma), to the order of the trans-series.

    >>> stokes_automorphism(t, {-1: sympy.Symbol("S")}).weights
    {(0,): 1, (1,): S*sigma**2 + sigma, (2,): sigma**2}
    """
    _check(series)
    given = constants if isinstance(constants, Mapping) else {1: constants}
    if not given:
        raise ValueError("there are no Stokes constants: give {1: S_1}, or {-1: S, -2: ...}")
    values = _constants(given)
    if 1 in values:
        if len(values) > 1:
            raise ValueError(
                f"the indices {sorted(values)} lie on the rays of A and of -A: apply one automorphism after the other"
            )
        moved = shifted_weights(list(series.weights.values()), values[1])
        return series._with(dict(zip(series.weights, map(sympy.expand, moved), strict=True)))
    total, power = series, series
    for n in range(1, series.order + 1):  # every application lowers the sectors by one at least
        step = [alien_derivative(power, k, value / n) for k, value in values.items()]
        power = power._with({k: sympy.expand(sum((s.weights[k] for s in step), sympy.S.Zero)) for k in power.weights})
        total = total._with({k: sympy.expand(total.weights[k] + power.weights[k]) for k in total.weights})
    return total


def _check(series: object) -> None:
    if not isinstance(series, TransSeries):
        raise TypeError(f"alien derivatives act on a TransSeries, got {series!r}")
    if len(series.parameters) > 1:
        raise ValueError("alien derivatives are those of trans-series in one parameter: take actions=[A]")
    if not series._is_family:
        raise ValueError(NO_FAMILY)


def _constants(given: Mapping[int, object]) -> dict[int, sympy.Expr]:
    values: dict[int, sympy.Expr] = {}
    for k, constant in given.items():
        if isinstance(k, bool) or not isinstance(k, int):
            raise TypeError(f"the index of an alien derivative is an integer, got {k!r}")
        if k == 0 or k > 1:
            raise ValueError(f"the bridge equation has the indices 1, -1, -2, ..., got {k}")
        value = sympy.Symbol(f"S_{k}") if constant is None else constant
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = sympy.Number(value)
        elif isinstance(value, complex):
            value = sympy.Float(value.real) + sympy.I * sympy.Float(value.imag)
        if not isinstance(value, sympy.Expr):
            raise TypeError(f"a Stokes constant is a sympy expression or a number, got {constant!r}")
        values[k] = value
    return values
