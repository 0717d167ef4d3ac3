"""The rows of the table of optimizers: torch's own test database, and a small problem for each of them.

The database lists every optimizer of ``torch.optim`` with the settings and implementations it has.
"""

import copy
import warnings
from dataclasses import dataclass, field

import torch
from torch import nn

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch's internal test code
    from torch.testing._internal.common_optimizers import optim_db

REFUSED = ("ASGD", "LBFGS", "Rprop")
TENSOR_RATES = ("Adam", "AdamW", "Muon", "SGD", "SparseAdam")
TARGETS = (0.9, 0.3, 0.02)
WEIGHT = 0.8


@dataclass(frozen=True)
class Row:
    """One optimizer with its settings."""

    optimizer: type
    settings: dict = field(default_factory=dict)
    sparse: bool = False
    device: str = "cpu"

    def build(self, parameters):
        return self.optimizer(parameters, **copy.deepcopy(self.settings))


def settings_of(info, device="cpu"):
    """The settings in the database with which losses are minimised."""
    return [one.kwargs for one in info.optim_inputs_func(torch.device(device)) if not one.kwargs.get("maximize")]


def implementations(info, device="cpu"):
    found = {"": {}}
    if "foreach" in info.supported_impls:
        found |= {"foreach": {"foreach": True}, "for-loop": {"foreach": False}}
    if device in info.supports_fused_on:
        found["fused"] = {"fused": True}
    return found


def accepts(settings, implementation):
    """A tensor as learning rate and foreach exclude each other, but for capturable optimizers."""
    return not (
        isinstance(settings.get("lr"), torch.Tensor)
        and implementation.get("foreach")
        and not settings.get("capturable")
    )


INFOS = [info for info in optim_db if info.name not in REFUSED]
EVERY_SETTING = {
    "-".join([info.name, device, str(index), *([kind] if kind else [])]): Row(
        info.optim_cls, {**settings, **implementation}, info.only_supports_sparse_grads, device
    )
    for device in ("cpu", *(["cuda"] if torch.cuda.is_available() else []))
    for info in INFOS
    for kind, implementation in implementations(info, device).items()
    for index, settings in enumerate(settings_of(info, device))
    if accepts(settings, implementation)
}


def _rows():
    """Each optimizer in each implementation, with the longest list of settings; some with a tensor as learning rate."""
    rows = {}
    for info in INFOS:
        longest = max(settings_of(info), key=len)
        for kind, implementation in implementations(info).items():
            name = f"{info.name}-{kind}" if kind else info.name
            rows[name] = Row(info.optim_cls, {**longest, **implementation}, info.only_supports_sparse_grads)
        if info.name in TENSOR_RATES:
            rows[f"{info.name}-tensor"] = Row(
                info.optim_cls, {**longest, "lr": torch.tensor(0.01)}, info.only_supports_sparse_grads
            )
    return rows


ROWS = _rows()


class Dense(nn.Module):
    """Two matrices, which is what Muon takes."""

    def __init__(self, draw):
        super().__init__()
        self.first = nn.Parameter(0.7 * torch.randn(3, 4, generator=draw))
        self.second = nn.Parameter(0.7 * torch.randn(4, 3, generator=draw))

    def forward(self, x):
        return torch.tanh(x @ self.first) @ self.second


class Sparse(nn.Module):
    """An embedding with sparse gradients, which is what SparseAdam takes."""

    def __init__(self, draw):
        super().__init__()
        self.rows = nn.Embedding(5, 3, sparse=True, _weight=torch.randn(5, 3, generator=draw))

    def forward(self, indices):
        return self.rows(indices)


class Problem:
    """A classifier with its optimizer, reproducible."""

    def __init__(self, row, seed=0):
        draw = torch.Generator().manual_seed(seed)
        self.model = (Sparse if row.sparse else Dense)(draw).to(row.device)
        self.x = torch.randint(4, (12,), generator=draw) if row.sparse else torch.randn(12, 3, generator=draw)
        self.x = self.x.to(row.device)
        self.y = torch.randint(3, (12,), generator=draw).to(row.device)
        self.optimizer = row.build(self.model.parameters())

    @property
    def parameters(self):
        return list(self.model.parameters())

    def loss(self, part=slice(None)):
        return nn.functional.cross_entropy(self.model(self.x[part]), self.y[part])

    def backward(self):
        self.optimizer.zero_grad()
        loss = self.loss()
        loss.backward()
        return loss

    def values(self):
        return [p.detach().clone() for p in self.parameters]

    def rates(self):
        return [float(group["lr"]) for group in self.optimizer.param_groups]

    def state(self):
        """Everything that training changes."""
        return copy.deepcopy([self.model.state_dict(), self.optimizer.state_dict()])

    def train(self, s=None, steps=3):
        for _ in range(steps):
            loss = self.backward()
            if s is not None:
                s.step(loss)
            self.optimizer.step()
        return self.state()

    def train_by_hand(self, steps=3):
        """The bare optimizer, its rates multiplied by equation 34 before each step and put back after it."""
        alphas = []
        for _ in range(steps):
            loss = self.backward().item()
            alphas.append(alpha_by_hand(loss))
            with rates_times(self.optimizer, alphas[-1]):
                self.optimizer.step()
        return self.state(), alphas


def alpha_by_hand(loss, targets=TARGETS, weight=WEIGHT, threshold=0.01):
    """Equations 32 and 34."""
    below = [zeta for zeta in targets if loss - zeta > threshold * abs(loss)]
    return 1.0 + weight * min(abs(loss - max(below)) / abs(loss), 1.0) if below else 1.0


class rates_times:
    """Within it, the learning rates of an optimizer are a multiple of what they were."""

    def __init__(self, optimizer, factor):
        self.groups, self.factor = optimizer.param_groups, factor

    def __enter__(self):
        self.before = [copy.deepcopy(group["lr"]) for group in self.groups]
        self._set([rate * self.factor for rate in self.before])

    def __exit__(self, *_):
        self._set(self.before)

    def _set(self, rates):
        for group, rate in zip(self.groups, rates, strict=True):
            if isinstance(rate, torch.Tensor):
                group["lr"].copy_(rate)
            else:
                group["lr"] = rate


def same(one, other):
    """Equal in structure, types and every bit."""
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other
