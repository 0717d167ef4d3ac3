"""``python -m validation.experiments.overhead.run``: the time of a training step with SurgeLR over that without.

A step is everything: gradients cleared, forward and backward pass, loss handed over, optimizer. Each arm has its own
model and AdamW. The arms take turns in one process, one step each, in random order, so that what disturbs the machine
disturbs all; the figure is the median over the turns of the ratio of their times to the bare step of the same turn.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from surge import SingularityGuard, SurgeLR
from validation.benchmarks.timing import Spread

__all__ = ["ARMS", "MODELS", "main", "measure"]


class Transformer(nn.Module):
    """A causal transformer: embedding, pre-norm blocks, tied to nothing."""

    def __init__(self, width: int, layers: int, heads: int, vocabulary: int, length: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.position = nn.Parameter(torch.zeros(length, width))
        block = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0.0, batch_first=True, norm_first=True, activation="gelu"
        )
        self.blocks = nn.TransformerEncoder(block, layers, enable_nested_tensor=False)
        self.head = nn.Linear(width, vocabulary)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(length), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """From tokens (B, T) to logits (B, T, vocabulary)."""
        mask = self.get_buffer("mask")
        logits: Tensor = self.head(self.blocks(self.embedding(tokens) + self.position, mask=mask, is_causal=True))
        return logits


def _mlp(small: bool, device: torch.device) -> tuple[nn.Module, Tensor, Tensor]:
    """784-2048-2048-2048-10 (10.0 million parameters) on 128 images of noise; smaller for a check."""
    width, samples = (64, 8) if small else (2048, 128)
    sizes = (784, width, width, width, 10)
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.GELU()]
    return (
        nn.Sequential(*layers[:-1]).to(device),
        torch.randn(samples, 784, device=device),
        torch.randint(10, (samples,), device=device),
    )


def _digits(small: bool, device: torch.device) -> tuple[nn.Module, Tensor, Tensor]:
    """The network of the digits, 64-64-64-10 (9 thousand parameters), on 64 images of noise, for a check too."""
    layers = (nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 10))
    return (
        nn.Sequential(*layers).to(device),
        torch.randn(64, 64, device=device),
        torch.randint(10, (64,), device=device),
    )


def _transformer(small: bool, device: torch.device) -> tuple[nn.Module, Tensor, Tensor]:
    """Four blocks of width 448 (9.8 million parameters) on 8 sequences of 128 of 256 tokens; smaller for a check."""
    width, layers, length, samples = (16, 1, 8, 2) if small else (448, 4, 128, 8)
    model = Transformer(width, layers, 4 if small else 7, 256, length).to(device)
    tokens = torch.randint(256, (samples, length + 1), device=device)
    return model, tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()


MODELS: Mapping[str, Callable[[bool, torch.device], tuple[nn.Module, Tensor, Tensor]]] = {
    "mlp": _mlp,
    "transformer": _transformer,
    "digits": _digits,
}

#: From the name of an arm to the arguments of SurgeLR, and the ratios demanded.
ARMS: Mapping[str, tuple[Mapping[str, object], Mapping[str, float]]] = {
    "alpha": ({"rule": "paper"}, {"mlp": 1.01, "transformer": 1.01}),
    "clip": ({"rule": "paper", "max_norm": 1e3}, {"mlp": 1.3, "transformer": 1.1}),
    "reach": ({"rule": "reach"}, {"mlp": 1.3, "transformer": 1.1, "digits": 1.3}),
    "reach+guard": (
        {"rule": "reach", "guard": True},
        {"mlp": 1.3 * 1.05, "transformer": 1.1 * 1.05, "digits": 1.3},
    ),
}


def measure(
    model: str, turns: int, *, small: bool = False, device: torch.device | str = "cpu", seed: int = 0
) -> dict[str, Spread]:
    """Ratios of the time of a step to that of a bare one, by the name of the arm, over a number of turns.

    The first two steps of every arm are not counted. ``"bare again"`` is a second bare arm: the noise of the rest.
    """
    device = torch.device(device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network, inputs, labels = MODELS[model](small, device)
    start = {name: value.clone() for name, value in network.state_dict().items()}
    steps: dict[str, Callable[[], None]] = {}
    for name in ("bare", "bare again", *ARMS):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = MODELS[model](small, device)[0]
        network.load_state_dict(start)
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
        surge = None
        if name in ARMS:
            arguments = dict(ARMS[name][0])
            if arguments.pop("guard", False):
                arguments["guard"] = SingularityGuard(network, inputs)
            surge = SurgeLR(optimizer, (0.0,), **arguments)  # type: ignore[arg-type]
        steps[name] = partial(_step, network, optimizer, surge, inputs, labels)
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    order = list(steps)
    shuffle = random.Random(seed).shuffle
    for turn in range(turns + 2):
        shuffle(order)  # a step of half a millisecond feels what the one before left in the cache
        for name in order:
            begin = time.perf_counter()
            steps[name]()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            if turn >= 2:
                seconds[name].append(time.perf_counter() - begin)
    return {
        name: Spread.of([time / bare for time, bare in zip(times, seconds["bare"], strict=True)])
        for name, times in seconds.items()
        if name != "bare"
    }


def _step(
    network: nn.Module, optimizer: torch.optim.Optimizer, surge: SurgeLR | None, inputs: Tensor, labels: Tensor
) -> None:
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(network(inputs).flatten(0, -2), labels.flatten())
    loss.backward()  # type: ignore[no-untyped-call]
    if surge is not None:
        surge.step(loss)
    optimizer.step()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments and return its exit status: 1 where a median exceeds what is demanded."""
    parser = argparse.ArgumentParser(
        prog="python -m validation.experiments.overhead.run", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--smoke", action="store_true", help="tiny models, three turns, no demands: a check")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON document")
    options = parser.parse_args(argv)
    turns = 3 if options.smoke else options.turns
    if turns < 1:
        print(f"{parser.prog}: turns is at least 1, got {turns}", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    figures, met = {}, True
    table = Table("model", "arm", "ratio", "quartiles", "demanded")
    for model in options.models:
        for name, spread in measure(model, turns, small=options.smoke, device=options.device).items():
            demanded = ARMS[name][1].get(model) if name in ARMS and not options.smoke else None
            met &= demanded is None or spread.median <= demanded
            quartiles = f"{spread.lower:.3f} to {spread.upper:.3f}"
            limit = "" if demanded is None else f"{demanded:.3g}"
            table.add_row(model, name, f"{spread.median:.3f}", quartiles, limit)
            figures[f"{model} {name}"] = {
                "median": spread.median,
                "lower": spread.lower,
                "upper": spread.upper,
                "demanded": demanded,
            }
    if options.json:
        print(json.dumps({"turns": turns, "device": options.device, "ratios": figures}, indent=2))
    else:
        Console().print(table)
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
