"""How fast the Padé layer is beside mpmath and PARI, on the same germs in the same run, with the bits that come out.

The rivals are timed once each: the ratios asserted are far below those measured, since machines are busy.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import cypari
import mpmath
import pytest
from flint import arb, fmpq

from resurgence.continuation.continued_fraction import exponent
from resurgence.continuation.pade import Pade
from resurgence.numbers import working_precision
from resurgence.series import FormalSeries

ORDER = 200
BITS = 3000

pari = cypari.pari


def seconds(task: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = task()
    return time.perf_counter() - start, result


@dataclass
class Rival:
    """Seconds taken, and correct bits of the worst coefficient of numerator and denominator (with Q(0) = 1)."""

    seconds: float
    bits: int


@pytest.fixture(scope="module")
def airy() -> FormalSeries:
    """B = 2F1(1/6, 5/6; 1; 6z)."""
    a = [fmpq(1)]
    for k in range(2 * ORDER):
        a.append(a[-1] * 6 * (fmpq(1, 6) + k) * (fmpq(5, 6) + k) / (k + 1))
    return FormalSeries(a)


@pytest.fixture(scope="module")
def truth(airy: FormalSeries) -> Pade:
    return Pade(airy.borel(), ORDER, ORDER, bits=BITS)


def correct_bits(numerator: list[str], denominator: list[str], truth: Pade) -> int:
    """Correct bits of the worst coefficient, given as decimal texts."""
    worst = 1 << 30
    with working_precision(2 * BITS):
        unit = arb(denominator[0])
        for texts, exact in ((numerator, truth.numerator), (denominator, truth.denominator)):
            assert len(texts) == len(exact) == ORDER + 1
            for text, e in zip(texts, exact, strict=True):
                reference = e.ball(2 * BITS).real
                error = exponent(abs(arb(text).mid() / unit.mid() - reference).upper())
                size = exponent(reference)
                assert size is not None
                worst = min(worst, size - error) if error is not None else worst
    return worst


@pytest.fixture(scope="module")
def with_mpmath(airy: FormalSeries, truth: Pade) -> Rival:
    with mpmath.workprec(BITS):
        b = [mpmath.mpf(int(t.p)) / int(t.q) for t in airy.borel().terms]
        spent, (p, q) = seconds(lambda: mpmath.pade(b, ORDER, ORDER))
        texts = [[mpmath.nstr(c, 950) for c in part] for part in (p, q)]
    return Rival(spent, correct_bits(*texts, truth))


@pytest.fixture(scope="module")
def with_pari(airy: FormalSeries, truth: Pade) -> Rival:
    pari.allocatemem(10**9, 10**9)
    pari.set_real_precision(math.ceil(BITS * math.log10(2)))
    series = pari("v -> Ser(v)")(pari("[" + ",".join(f"{t.p}/{t.q}*1." for t in airy.borel().terms) + "]"))
    task = pari(f"s -> bestapprPade(s, {ORDER})")
    spent, fraction = min((seconds(lambda: task(series)) for _ in range(2)), key=lambda run: run[0])
    texts = [
        [str(c).replace(" E", "e").replace("E", "e") for c in pari("p -> Vecrev(p)")(part)]
        for part in (pari.numerator(fraction), pari.denominator(fraction))
    ]
    return Rival(spent, correct_bits(*texts, truth))


def test_airy_200_200(benchmark: Any, airy: FormalSeries, with_mpmath: Rival, with_pari: Rival) -> None:
    bits = max(with_mpmath.bits, with_pari.bits)
    borel = airy.borel()
    borel.balls(BITS)  # the coefficients are there for everyone
    ours = benchmark.pedantic(lambda: Pade(borel, ORDER, ORDER, bits=bits), rounds=5, warmup_rounds=1)
    spent = benchmark.stats.stats.min
    print(
        f"\n[{ORDER}/{ORDER}] of the Airy germ: ours {spent:.3f} s for {ours.precision.output} proved bits "
        f"({ours.precision}); PARI bestapprPade {with_pari.seconds:.3f} s for {with_pari.bits} bits "
        f"({with_pari.seconds / spent:.1f} times slower); mpmath.pade {with_mpmath.seconds:.1f} s "
        f"for {with_mpmath.bits} bits ({with_mpmath.seconds / spent:.0f} times slower)"
    )
    assert ours.precision.output >= bits
    assert with_mpmath.seconds > 80 * spent
    assert with_pari.seconds > 2 * spent


def painleve_one() -> FormalSeries:
    """The formal solution u = sqrt(z) sum c_k w^(2k) of -u''/6 + u^2 = z in w = z^(-5/4), up to w^400."""
    c = [fmpq(1)]
    for k in range(1, ORDER + 1):
        power = fmpq(1, 2) - fmpq(5 * (k - 1), 2)
        square = sum((c[i] * c[k - i] for i in range(1, k)), fmpq(0))
        c.append((c[k - 1] * power * (power - 1) / 6 - square) / 2)
    terms = [fmpq(0)] * (2 * ORDER + 1)
    terms[::2] = c
    return FormalSeries(terms)


def test_painleve_one_poles(benchmark: Any) -> None:
    digits = 100
    borel = painleve_one().borel()
    exact = Pade(borel, ORDER, ORDER, bits=1200)
    pari.set_real_precision(350)
    # Every second coefficient is exactly zero, the others are enclosures.
    texts = ["0" if isinstance(c, Fraction) else mpmath.nstr(c.value.real, 340) for c in exact.denominator]
    polynomial = pari("v -> Polrev(v)")(pari("[" + ",".join(texts) + "]"))
    pari.set_real_precision(digits)
    rival, roots = min((seconds(lambda: pari("polroots")(polynomial)) for _ in range(2)), key=lambda run: run[0])
    assert len(roots) == ORDER

    def fresh() -> tuple[tuple[Pade], dict[str, Any]]:
        return (Pade(borel, ORDER, ORDER, bits=1200),), {}

    poles = benchmark.pedantic(lambda pade: pade.poles(digits), setup=fresh, rounds=5, warmup_rounds=1)
    spent = benchmark.stats.stats.min
    print(
        f"\n{ORDER} poles of the Painlevé I germ to {digits} digits: ours {spent:.3f} s, certified, residues included; "
        f"PARI polroots {rival:.3f} s ({rival / spent:.1f} times slower)"
    )
    assert len(poles) == ORDER
    assert all(p.location.status == p.residue.status == "certified" for p in poles)
    assert all(min(p.location.digits, p.residue.digits) >= digits for p in poles)
    assert abs(abs(poles[0].location.value) - 8 * mpmath.sqrt(3) / 5) < 1e-3
    assert rival > 3 * spent
