"""The momentum model: the same on floats and on tensors, and what becomes of numbers that are not finite."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from surge.momentum_model import MomentumModel, smaller, unread  # noqa: E402

numbers = st.floats(-1e6, 1e6)
steps = st.lists(
    st.tuples(numbers, st.floats(-1e3, 1e3) | st.just(math.nan) | st.just(math.inf)), min_size=1, max_size=8
)


@given(steps, st.floats(0, 0.99), st.none() | numbers)
def test_floats_and_tensors_agree(losses_and_falls, smoothing, target):
    """On accelerators all numbers are tensors, which are never read: the same formulas by other operations."""
    read, kept = MomentumModel(smoothing), MomentumModel(smoothing)
    for loss, fall in losses_and_falls:
        read.observe(loss, fall)
        kept.observe(loss, torch.tensor(fall, dtype=torch.float64))
        multiples = read.reach(target, 0.5, 1e9), kept.reach(target, 0.5, 1e9)
        assert float(multiples[1]) == pytest.approx(multiples[0], rel=1e-12, nan_ok=True)
        for model, multiple in zip((read, kept), multiples, strict=True):
            if math.isfinite(loss) and model.fall is not None:
                model.gain(0.5 * multiple * model.fall)
        for one, other in zip(read.state_dict().values(), kept.state_dict().values(), strict=True):
            assert one == (None if other is None else pytest.approx(other, rel=1e-9, nan_ok=True))


def test_a_fall_that_is_not_finite_is_left_out():
    model = MomentumModel(0.5)
    for fall in (2.0, math.nan, -math.inf, 4.0):
        model.observe(1.0, fall)
    assert model.fall == 3.0
    model = MomentumModel(0.5)
    for fall in (math.nan, 4.0, 2.0):  # the first one too, as soon as another is known
        model.observe(1.0, fall)
    assert model.fall == 3.0


def test_the_last_positive_multiple_is_kept():
    model = MomentumModel(0.0)
    model.observe(1.0, -1.0)
    assert model.reach(0.0, 1.0, 10.0) == 1.0  # no step before
    model.observe(1.0, 0.5)
    assert model.reach(0.0, 1.0, 10.0) == 2.0
    assert model.reach(3.0, 1.0, 10.0) == 0.0  # below the target: no step
    assert model.reach(None, 1.0, 10.0) == 2.0
    assert model.reach(0.0, 1.0, 1.5) == 1.5


@given(st.floats(), st.floats())
def test_the_smaller_of_two_numbers(one, other):
    expected = torch.minimum(torch.tensor(one, dtype=torch.float64), torch.tensor(other, dtype=torch.float64)).item()
    found = [
        smaller(one, other),
        smaller(torch.tensor(one, dtype=torch.float64), other),
        smaller(one, torch.tensor(other, dtype=torch.float64)),
    ]
    assert [float(x) for x in found] == pytest.approx([expected] * 3, nan_ok=True)


def test_numbers_on_the_cpu_are_read():
    assert unread(torch.tensor(2.5)) == 2.5
    assert isinstance(unread(torch.tensor(2.5)), float)
    assert unread(torch.tensor(2.5, device="meta")).dtype == torch.float64


def test_a_model_goes_on_from_plain_numbers():
    """Its state holds floats; on an accelerator the numbers to come are tensors again."""
    read, kept = MomentumModel(0.9), MomentumModel(0.9)
    read.observe(3.0, 1.0)
    read.gain(read.reach(0.5, 1.0, math.inf) * 1.0)
    kept.load_state_dict(read.state_dict())
    for loss, fall in ((2.5, 0.8), (2.4, -0.5), (1.9, 0.7)):
        read.observe(loss, fall)
        kept.observe(loss, torch.tensor(fall, dtype=torch.float64))
        multiples = read.reach(0.5, 1.0, math.inf), kept.reach(0.5, 1.0, math.inf)
        assert float(multiples[1]) == pytest.approx(multiples[0], rel=1e-12)
        for model, multiple in zip((read, kept), multiples, strict=True):
            model.gain(multiple * model.fall)
    assert kept.state_dict() == pytest.approx(read.state_dict(), rel=1e-12)
