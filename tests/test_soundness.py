"""Ten thousand random certificates, none violated; and proof that the checks would notice a wrong one.

Each check computes a ball by the code under test at a random precision, and the same number by FLINT's special
functions at a higher one. The second half of the file spoils one bound at a time and asks that the same checks then
fail. It spoils them by more than the other errors can hide: a truncation bound of 2^-bits that is dropped alone may be
covered by the radii of the roundings, which are of the same size (tests/test_frobenius.py tells these apart).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest
from flint import acb, acb_mat, arb, arb_mat, fmpq

import resurgence as rs
from resurgence import frobenius, linear_system
from resurgence.differential_operator import DifferentialOperator
from resurgence.frobenius import LocalBasis, PowerSeriesGerm
from resurgence.germs import Hypergeometric
from resurgence.laplace_ray import moments
from resurgence.linear_system import LinearSystem, Taylor
from resurgence.numbers import working_precision

Check = Iterator[bool]


def fraction(draw: random.Random, low: int, high: int, denominator: int = 9) -> Fraction:
    return Fraction(draw.randint(low * denominator, high * denominator), draw.randint(1, denominator))


def exact(x: Fraction) -> fmpq:
    return fmpq(x.numerator, x.denominator)


def gauss_operator(a: Fraction, b: Fraction) -> DifferentialOperator:
    """z (1 - z) D^2 + (1 - (a + b + 1) z) D - a b, of 2F1(a, b; 1; z)."""
    return DifferentialOperator([f"{-a * b}", f"1 - ({a + b + 1})*z", "z - z^2"])


def gauss_state(z: acb, a: Fraction, b: Fraction, bits: int) -> acb_mat:
    with working_precision(bits):
        x, y = acb(exact(a)), acb(exact(b))
        return acb_mat([[z.hypgeom_2f1(x, y, acb(1))], [x * y * z.hypgeom_2f1(x + 1, y + 1, acb(2))]])


def parameters(draw: random.Random) -> tuple[Fraction, Fraction]:
    """Such that FLINT's 2F1 has no integer difference to cope with."""
    while True:
        a, b = fraction(draw, -2, 2), fraction(draw, -2, 2)
        if a * b != 0 and (a - b).denominator > 1 and (a + b).denominator > 1:
            return a, b


def check_moments(draw: random.Random) -> Check:
    bits, count = draw.randint(30, 300), draw.randint(1, 40)
    a = acb(fmpq(draw.randint(1, 2000), 16), fmpq(draw.randint(-500, 500), 16))
    with working_precision(bits):
        found = moments(a, count)
    with working_precision(bits + 150):
        n = draw.randrange(count)
        yield found[n].overlaps(a ** -(n + 1) * acb(n + 1).gamma() * (1 - a.gamma_upper(acb(n + 1), regularized=1)))


def check_step(draw: random.Random) -> Check:
    (a, b), bits = parameters(draw), draw.randint(30, 250)
    start = acb(fmpq(draw.randint(-40, 40), 16), fmpq(draw.randint(4, 40), 16))
    system = LinearSystem.of_operator(gauss_operator(a, b))
    with working_precision(64):
        room = float(system.distance(start)) * 0.5
    step = acb(fmpq(draw.randint(-16, 16), 16), fmpq(draw.randint(-16, 16), 16)) * fmpq(round(room * 64) or 1, 128)
    if not (start + step).imag > 0:  # FLINT's 2F1 has its cut on the real axis
        step = step.conjugate()
    piece = system.expand(start, step, gauss_state(start, a, b, bits + 60), bits)
    truth = gauss_state(start + step, a, b, bits + 150)
    for mine, theirs in zip(piece.end.entries(), truth.entries(), strict=True):
        yield mine.overlaps(theirs)
    with working_precision(bits + 150):
        x = acb(fmpq(draw.randint(0, 8), 8))
        value = sum((y * x**n for n, y in enumerate(piece.coefficients)), acb(0))
        yield not abs(value - gauss_state(start + step * x, a, b, bits + 150)[0, 0]) > piece.error


def check_series(draw: random.Random) -> Check:
    (a, b), bits = parameters(draw), draw.randint(30, 250)
    germ = PowerSeriesGerm(gauss_operator(a, b), [fmpq(1)])
    z = acb(fmpq(draw.randint(-12, 12), 20), fmpq(draw.randint(-12, 12), 20))
    for mine, theirs in zip(germ.state(z, bits).entries(), gauss_state(z, a, b, bits + 150).entries(), strict=True):
        yield mine.overlaps(theirs)
    terms, error = germ.taylor(arb(0.85), bits)
    with working_precision(bits + 150):
        value = sum((c * z**n for n, c in enumerate(terms)), acb(0))
        yield not abs(value - gauss_state(z, a, b, bits + 150)[0, 0]) > error


def check_basis(draw: random.Random) -> Check:
    """At z = 1 the basis is 2F1(a, b; a + b; t') and t'^(1 - a - b) 2F1(1 - a, 1 - b; 2 - a - b; t'), t' = 1 - z."""
    (a, b), bits = parameters(draw), draw.randint(30, 250)
    basis = LocalBasis(gauss_operator(a, b), fmpq(1))
    t = acb(fmpq(draw.randint(-10, 10), 20), fmpq(draw.randint(1, 10), 20))
    found = basis.wronskian(t, bits)
    with working_precision(bits + 150):
        x, y = acb(exact(a)), acb(exact(b))
        analytic = (-t).hypgeom_2f1(x, y, x + y)
        other = t ** (1 - x - y) * (-t).hypgeom_2f1(1 - x, 1 - y, 2 - x - y)
        for k, solution in enumerate(basis.solutions):
            yield found[0, k].overlaps(analytic if solution.is_analytic else other)


def check_sum(draw: random.Random) -> Check:
    a, b = fraction(draw, -2, 2), fraction(draw, -2, 2)
    zeta = Fraction(draw.choice([-4, -1, 1, 3]), draw.choice([1, 2, 5]))
    series = rs.FormalSeries.from_recurrence([f"-(n + ({a}))*(n + ({b}))", f"({zeta})*(n + 1)"], [1], 2)
    side, bits = draw.choice(["above", "below", "median"]), draw.randint(30, 120)
    with working_precision(bits + 100):
        g = acb(fmpq(draw.randint(2, 40), 20)) * acb(fmpq(draw.randint(-8, 8), 9)).exp_pi_i()
    assert series.germ is not None
    mine = series.germ.sum(g, bits, side=side)
    yield mine.overlaps(Hypergeometric(a, b, zeta).sum(g, bits + 100, side=side))


def violations(check: Callable[[random.Random], Check], seed: str, count: int) -> int:
    """How many of so many comparisons fail."""
    draw, done, failed = random.Random(seed), 0, 0
    while done < count:
        for holds in check(draw):
            done += 1
            failed += not holds
    return failed


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize(
    ("check", "count"),
    [(check_moments, 500), (check_step, 1000), (check_series, 500), (check_basis, 250), (check_sum, 250)],
)
def test_ten_thousand_certificates(check, count, part):
    assert violations(check, f"{check.__name__} {part}", count) == 0


# ---------------------------------------------------------------------------------------------------------------------
# Spoiled bounds are noticed


def without_step_errors(monkeypatch):
    expand = LinearSystem.expand

    def spoiled(self, *arguments):
        piece = expand(self, *arguments)
        return Taylor(piece.start, piece.step, piece.coefficients, arb(0), piece.end.mid())

    monkeypatch.setattr(LinearSystem, "expand", spoiled)


def without_truncation_in_steps(monkeypatch):
    """The norm by which the Taylor series is cut off says that all is small."""
    monkeypatch.setattr(linear_system.Bounds, "norm", lambda self, vector: arb(0))


def without_growth_of_errors(monkeypatch):
    solution = linear_system.Bounds.solution
    monkeypatch.setattr(linear_system.Bounds, "solution", lambda self, *lost: solution(self, *lost) * arb(2) ** -40)


def without_the_tail_of_the_integral(monkeypatch):
    monkeypatch.setattr(linear_system.Bounds, "observable", lambda self, state: arb(0))


def with_series_cut_off_early(monkeypatch):
    """Power series end eight terms after the first, and say that nothing is missing."""
    continued = frobenius._Expansion._continue

    def shortened(self):
        continued(self)
        del self.terms[self.start + 8 :], self._lost[8:]

    monkeypatch.setattr(frobenius._Expansion, "_continue", shortened)
    monkeypatch.setattr(
        frobenius._Expansion, "error", lambda self, distance, log: [arb(0)] * self.recurrence.form.order
    )


def with_a_tail_that_is_too_small(monkeypatch):
    """What lies beyond the last segment is thought to be 2^-60 of what it may be: the integral ends too early."""
    observable = linear_system.Bounds.observable
    monkeypatch.setattr(linear_system.Bounds, "observable", lambda self, state: observable(self, state) * arb(2) ** -60)


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (without_step_errors, check_step),
        (without_truncation_in_steps, check_step),
        (without_truncation_in_steps, check_sum),
        (without_growth_of_errors, check_step),
        (without_the_tail_of_the_integral, check_sum),
        (with_a_tail_that_is_too_small, check_sum),
        (with_series_cut_off_early, check_series),
        (with_series_cut_off_early, check_basis),
        (with_series_cut_off_early, check_sum),
    ],
)
def test_a_spoiled_bound_is_noticed(monkeypatch, spoil, check):
    spoil(monkeypatch)
    assert violations(check, "spoiled", 40) > 0


def test_the_bounds_are_matrices_of_upper_bounds():
    assert linear_system.moduli(acb_mat([[acb(3, 4)]])) == arb_mat([[5]])
