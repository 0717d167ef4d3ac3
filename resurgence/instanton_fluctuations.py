"""The series around instantons, from the perturbation series of the levels: the relation of Dunne and Unsal.

In potentials of genus one, the cubic and quartic ones among them, the exact quantisation condition knows two functions,
the perturbation series E(B, g) of the levels B = K + 1/2 and A(B, g) = 2S/g + O(g) of an instanton of action S, and the
first gives the second (Dunne & Unsal 2014; Basar, Dunne & Unsal 2017):

    dE/dB = -(g/2S) (2B + g dA/dg),        A(B, g) = 2S/g - 2S sum_(n >= 1) E_(n+1)'(B) g^n/n.

With it, the sector of k instantons around the level is made of

    G_(k,j)(g) = [delta^j] E'(B + delta, g) exp(-k (A(B + delta, g)/2 - S/g)),        j = 0, ..., k - 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq, fmpq_poly

__all__ = ["instanton_fluctuations"]


def instanton_fluctuations(
    jets: Sequence[Sequence[fmpq]], action: fmpq, instantons: int, terms: int
) -> list[list[fmpq]]:
    """G_(k,0), ..., G_(k,k-1), for k instantons.

    Parameters
    ----------
    jets : sequence of sequences of fmpq
        E_n(B + delta) by powers of delta, at least k + 1 of them, for n <= ``terms``: see
        :func:`~resurgence.hypervirial.energy_jets`.
    action : fmpq
        S, negative where the instanton exists for g < 0.
    instantons : int
        k >= 1.
    terms : int
        Coefficients of each series.

    Returns
    -------
    list of list of fmpq

    Raises
    ------
    ValueError
        For too few jets.

    Examples
    --------
    >>> from resurgence.hypervirial import energy_jets
    >>> instanton_fluctuations(energy_jets("x^2*(1 - x)^2/2", 4, 2), fmpq(1, 6), 1, 3)
    [[1, -71/12, -6299/288]]
    """
    k = instantons
    if len(jets) <= terms or any(len(jet) <= k for jet in jets):
        raise ValueError(f"{terms} coefficients for {k} instantons need {terms + 1} jets of {k + 1}")
    slope = [fmpq_poly([(i + 1) * jet[i + 1] for jet in jets]) for i in range(k)]  # E', by powers of delta
    exponent = [fmpq_poly([0, *(slope[i][n + 1] * k * action / n for n in range(1, terms))]) for i in range(k)]
    # its exponential, by the differential equations in g (for delta = 0) and in delta
    first = [fmpq(1)]
    for n in range(1, terms):
        first.append(sum((i * exponent[0][i] * first[n - i] for i in range(1, n + 1)), fmpq()) / n)
    factor = [fmpq_poly(first)]
    for n in range(1, k):
        total = sum((i * exponent[i] * factor[n - i] for i in range(1, n + 1)), fmpq_poly())
        factor.append(total.truncate(terms) / n)
    fluctuations = []
    for j in range(k):
        product = sum((slope[i] * factor[j - i] for i in range(j + 1)), fmpq_poly())
        fluctuations.append([product[n] for n in range(terms)])
    return fluctuations
