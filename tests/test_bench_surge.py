"""How fast losses of a network are at many parameter vectors, beside a loop and products written by hand.

Everyone takes turns, and the ratios are medians over the turns: other work on the machine slows all of them.
"""

import pytest
import torch

from validation.benchmarks import loss_throughput
from validation.benchmarks.contest import compete
from validation.benchmarks.loss_throughput import BMM, LOOP, VMAP
from validation.benchmarks.registry import BENCHMARKS


@pytest.mark.parametrize(
    ("build", "dtype"), [(loss_throughput.losses, torch.float64), (loss_throughput.gradients, torch.float32)]
)
def test_losses_of_a_network(build, dtype):
    outcome = compete(build(64, dtype, "cpu"), rounds=5, budget=8.0)
    print(f"\n{outcome.label}; {loss_throughput.rates(outcome)}")
    assert all(entry.accuracy.digits > 5 for entry in outcome.entries)
    # Half of the part of the machine's peak that products written by hand reach, and more than a loop does.
    assert outcome.entry(BMM).ratio.median > 0.5
    assert outcome.entry(LOOP).ratio.median > 1
    # Without any check of input and output torch.vmap is as fast at losses, and slower at gradients.
    assert outcome.entry(VMAP).ratio.median > 0.85
    gates = [gate for demand in BENCHMARKS["loss-throughput"].demands for gate in demand.check([outcome])]
    assert len(gates) == 2
    assert all(gate.holds for gate in gates)
