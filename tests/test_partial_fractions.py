"""Values and slopes on the balls of poles, and what one approximant costs before its poles are known."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flint import acb, arb, arb_poly, fmpq, fmpq_poly
from hypothesis import given
from hypothesis import strategies as st

from resurgence.continuation.approximant import Entry
from resurgence.continuation.pade import Pade
from resurgence.continuation.partial_fractions import _slopes, _taylor
from resurgence.numbers import working_precision
from resurgence.series import FormalSeries


def logarithm(order: int) -> FormalSeries:
    """The series whose Borel germ is log(1 + z)/z."""
    factorials = [fmpq(1)]
    for k in range(1, 2 * order + 1):
        factorials.append(factorials[-1] * -k)
    return FormalSeries([f / (k + 1) for k, f in enumerate(factorials)])


def airy(order: int) -> FormalSeries:
    """The series whose Borel germ is 2F1(1/6, 5/6; 1; 6z)."""
    a = [fmpq(1)]
    for k in range(2 * order):
        a.append(a[-1] * 6 * (fmpq(1, 6) + k) * (fmpq(5, 6) + k) / (k + 1))
    return FormalSeries(a)


@pytest.mark.parametrize("order", [40, 110])
@pytest.mark.parametrize("bits", [10, 60, 150, 400])
def test_weights_of_gauss_from_poles_known_worse_than_the_terms_cancel(order: int, bits: int) -> None:
    # [N-1/N] = sum w_k/(1 + z t_k): poles -1/t_k, residues w_k/t_k with the nodes and weights on (0, 1).
    fractions = Pade(logarithm(order).borel(), order - 1, order).partial_fractions(bits)
    assert fractions.accuracy_bits() >= bits
    with working_precision(1500):
        rule = [arb.legendre_p_root(order, k, weight=True) for k in range(order)]
        expected = sorted(((1 + x) / 2, w / 2) for x, w in rule)[::-1]
        for pole, residue, (t, w) in zip(fractions.poles, fractions.residues, expected, strict=True):
            assert pole.overlaps(acb(-1 / t))
            assert residue.overlaps(acb(w / t))


@pytest.mark.parametrize("series", [logarithm, airy])
@pytest.mark.parametrize("order", [60, 150])
def test_one_recurrence_is_enough(
    monkeypatch: pytest.MonkeyPatch, series: Callable[[int], FormalSeries], order: int
) -> None:
    attempts = []
    attempt = Entry._attempt

    def counted(entry: Entry, work: int, available: int) -> object:
        attempts.append(work)
        return attempt(entry, work, available)

    monkeypatch.setattr(Entry, "_attempt", counted)
    pade = Pade(series(order).borel(), order - 1, order)
    assert not attempts
    pade.partial_fractions(369)
    assert len(attempts) == 1


@given(
    st.lists(st.fractions(-3, 3, max_denominator=50), min_size=2, max_size=12, unique=True),
    st.integers(2, 200),
    st.floats(-1, 1),
)
def test_values_and_slopes_on_balls_contain_those_at_the_roots(roots: list, bits: int, shift: float) -> None:  # type: ignore[type-arg]
    exact = fmpq_poly([1])
    for root in roots:
        exact *= fmpq_poly([fmpq(-root.numerator, root.denominator), 1])
    top = fmpq_poly([fmpq(3, 7), fmpq(-2), fmpq(1, 3), fmpq(5, 2)]) ** 3
    with working_precision(300):
        q, p = (arb_poly([arb(c) for c in side.coeffs()]) for side in (exact, top))
        radius = arb(2) ** -bits
        # Off their middles, but inside.
        centres = [arb(fmpq(r.numerator, r.denominator)) + radius * arb(shift) * arb(0.99) for r in roots]
        balls = [acb(c.mid() + arb(0, radius.upper())) for c in centres]
        slopes = _slopes(q, balls, [1] * len(roots))
        values, inclines = _taylor(p, balls)
        for k, root in enumerate(roots):
            at = fmpq(root.numerator, root.denominator)
            assert not slopes[k].is_finite() or slopes[k].contains(exact.derivative()(at))
            assert values[k].contains(top(at))
            assert inclines[k].overlaps(acb(arb_poly(p.derivative())(centres[k].mid())))
        if bits > 60:
            assert min(s.rel_accuracy_bits() for s in slopes) > bits - 40
