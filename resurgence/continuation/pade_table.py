"""Where an entry of a Padé table really sits: blocks, decided in a prime field.

Equal entries of a Padé table fill square blocks (Padé 1892; Gragg 1972, SIAM Review 14, 1). An entry is therefore
computed at the upper left corner of its block, where numerator and denominator have their true degrees and the linear
system is regular.  Which blocks there are is a question of exact zeros, which balls cannot answer; it is answered by
Euclid's algorithm modulo a prime of 62 bits drawn at random, without growth of coefficients.

A determinant that is not zero modulo p is not zero; one that is zero modulo p is zero but for an unlucky prime.
With determinants of a few million bits one prime in 10^12 is unlucky at the worst, and both of two would have to be.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from flint import acb, arb, fmpq, fmpz, nmod, nmod_poly

from resurgence.algebraic import AlgebraicNumber, NumberField, gaussian_rational
from resurgence.power_series import Scalar

__all__ = ["block_corner", "quotient_degrees", "residues"]


def _dyadic(value: arb) -> fmpq:
    mantissa, power = value.man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(power)


def _random_primes(seed: int) -> Iterator[int]:
    draw = random.Random(seed)
    while True:
        candidate = draw.randrange(1 << 61, 1 << 62) | 1
        if fmpz(candidate).is_probable_prime():
            yield candidate


def residues(terms: Sequence[Scalar], seed: int) -> nmod_poly:
    """The series modulo a random prime in which every exact term has an image.

    Irrational algebraic numbers are sent to the prime field by a root of their field's modulus; terms known only as
    balls of positive radius to random residues: nothing can be known about blocks that depend on them.
    """
    draw = random.Random(seed)
    for p in _random_primes(seed):
        roots: dict[NumberField, nmod] = {}
        images: list[nmod] = []
        for t in terms:
            image = _image(t, p, roots, draw)
            if image is None:
                break
            images.append(image)
        else:
            return nmod_poly(images, p)
    raise AssertionError("there are more primes than this")  # pragma: no cover


def _image(term: Scalar, p: int, roots: dict[NumberField, nmod], draw: random.Random) -> nmod | None:
    if isinstance(term, acb):
        if not term.is_exact():
            return nmod(draw.randrange(1, p), p)
        x, y = _dyadic(term.real), _dyadic(term.imag)
        return _image(gaussian_rational(x, y) if y != 0 else x, p, roots, draw)
    if isinstance(term, AlgebraicNumber):
        if term.field not in roots:
            zeros = nmod_poly([int(c) for c in term.field.modulus.coeffs()], p).roots()
            if not zeros:
                return None
            roots[term.field] = zeros[0][0]
        value = nmod(0, p)
        for c in reversed(term.poly.coeffs()):
            c_image = _image(c, p, roots, draw)
            if c_image is None:
                return None
            value = value * roots[term.field] + c_image
        return value
    if int(term.q) % p == 0:
        return None
    return nmod(int(term.p), p) / nmod(int(term.q), p)


def block_corner(terms: Sequence[Scalar], m: int, n: int) -> tuple[int, int]:
    """The degrees of numerator and denominator of the [m/n] approximant in lowest terms.

    Examples
    --------
    >>> from flint import fmpq
    >>> block_corner([fmpq(1)] * 101, 50, 50)        # 1/(1-z)
    (0, 1)
    """
    # Modulo an unlucky prime the degrees come out too small, never too large.
    return max(_corner(residues(terms[: m + n + 1], seed), m, n) for seed in (1, 2))


def _corner(b: nmod_poly, m: int, n: int) -> tuple[int, int]:
    # Half-extended Euclid on z^(m+n+1) and b: the first remainder of degree <= m over its cofactor is the approximant.
    one, zero = nmod_poly([1], b.modulus()), nmod_poly([0], b.modulus())
    older, newer = one.left_shift(m + n + 1), b
    before, cofactor = zero, one
    while newer.degree() > m:
        quotient, rest = divmod(older, newer)
        older, newer = newer, rest
        before, cofactor = cofactor, before - quotient * cofactor
    common = newer.gcd(cofactor)
    return max(0, newer.degree() - common.degree()), cofactor.degree() - common.degree()


def quotient_degrees(terms: Sequence[Scalar], n: int) -> list[int] | None:
    """Degrees of the quotients of the continued fraction of ``terms`` (2n of them) up to the denominator of degree n.

    None where no denominator has that degree, which a regular entry excludes but for an unlucky prime.
    """
    f = residues(terms, 3)
    one = nmod_poly([1], f.modulus())
    older = one.left_shift(2 * n)
    newer = nmod_poly([f[2 * n - 1 - k] for k in range(2 * n)], f.modulus())
    degrees: list[int] = []
    while sum(degrees) < n and newer.degree() >= 0:
        degrees.append(older.degree() - newer.degree())
        older, newer = newer, older % newer
    return degrees if sum(degrees) == n else None
