"""How fast a Borel-Padé sum in partial fractions is beside mpmath's quadrature of the same partial fractions."""

import time

import mpmath
from flint import acb, arb

from resurgence import models
from resurgence.borel_pade import PadeSum, estimate, neighbours
from resurgence.numbers import working_precision
from resurgence.rays import Ray
from resurgence.series import FormalSeries
from validation.benchmarks import borel_pade_sum
from validation.benchmarks.contest import OURS


def test_partial_fractions_beat_quadrature_of_the_same_approximant():
    borel, ray = FormalSeries(models.quartic.series(101).coefficients).borel(), Ray("1/10")
    pade = neighbours(borel, 100)[0]
    pade.partial_fractions(140)
    start = time.perf_counter()
    for _ in range(5):
        with working_precision(140):
            value = estimate([PadeSum(pade, ray, borel, 140)], "along", 0.0).value
    closed = (time.perf_counter() - start) / 5
    context = mpmath.MPContext()
    context.dps = 35
    fractions = pade.partial_fractions(140)

    def number(z):
        return context.mpc(context.make_mpf(z.real.mid()._mpf_), context.make_mpf(z.imag.mid()._mpf_))

    terms = [(number(p), number(c)) for p, c in zip(fractions.poles, fractions.residues, strict=True)]
    constant = sum((number(c) for c in fractions.polynomial), context.mpc(0))
    start = time.perf_counter()
    by_quadrature = context.quad(
        lambda t: context.exp(-t) * (constant + sum(c / (t / 10 - p) for p, c in terms)), [0, 1, 4, 10, 25, 60, 100]
    )
    quadrature = time.perf_counter() - start
    assert abs(complex(value) - complex(by_quadrature)) < 1e-14
    print(f"closed form {closed * 1e3:.2f} ms, quadrature {quadrature * 1e3:.0f} ms: {quadrature / closed:.0f} times")
    assert quadrature > 40 * closed


def test_certified_integral_of_a_high_order_beats_mpmath():
    contest = borel_pade_sum.integral(100, 1000)
    ours, quad = (next(c for c in contest.contenders if c.name == name) for name in (OURS, "mpmath.quad"))
    rival, by_quadrature = quad.measure(1)
    spent, value = min((ours.measure(1) for _ in range(3)), key=lambda run: run[0])
    (truth,) = contest.reference
    with working_precision(contest.bits):
        (certified,), (approximate,) = ours.read(value), quad.read(by_quadrature)
        assert (certified - truth).contains(0)
        assert abs(acb(arb(approximate)) - truth) < arb(2) ** -900
    assert certified.rel_accuracy_bits() > 980
    print(f"[100/100], 1000 bits: ours {spent:.3f} s, certified; mpmath.quad {rival:.2f} s: {rival / spent:.0f} times")
    assert rival > 40 * spent
