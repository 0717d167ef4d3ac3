"""Every optimizer of torch.optim under SurgeLR and DistributedDataParallel, in two processes, started once for all."""

import os
import pathlib
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest", reason="torch's test database needs it")

from optimizer_table import INFOS, ROWS, TARGETS, WEIGHT, Problem, same  # noqa: E402

from surge.scheduler import SurgeLR  # noqa: E402

HALVES = (slice(0, 6), slice(6, 12))
RULES = ("paper", "reach")
NAMES = [info.name for info in INFOS]
STEPS = 3

RANK = """
import sys
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from optimizer_table import ROWS, TARGETS, WEIGHT, Problem
from surge.scheduler import SurgeLR
from test_surge_ddp import HALVES, NAMES, RULES, STEPS

rank, store, output = int(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method="file://" + store, rank=rank, world_size=2)
found = {}
for name in NAMES:
    for rule in RULES:
        problem = Problem(ROWS[name])
        model = DistributedDataParallel(problem.model)
        s = SurgeLR(problem.optimizer, TARGETS, weight=WEIGHT, rule=rule)
        x, y = problem.x[HALVES[rank]], problem.y[HALVES[rank]]
        alphas = []
        for _ in range(STEPS):
            problem.optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x), y)
            loss.backward()
            s.step(loss)
            problem.optimizer.step()
            alphas.append(s.alpha)
        found[name, rule] = [problem.values(), alphas, s.state_dict()]
torch.save(found, output)
dist.destroy_process_group()
"""


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    """What both ranks found."""
    folder = tmp_path_factory.mktemp("ranks")
    here = pathlib.Path(__file__).parent
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "lo",
        "PYTHONPATH": os.pathsep.join([str(here), str(here.parent), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-W", "ignore", "-c", RANK]
    processes = [
        subprocess.Popen(
            [*command, str(rank), str(folder / "store"), str(folder / str(rank))],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    errors = [process.communicate(timeout=200)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    return [torch.load(folder / str(rank), weights_only=True) for rank in range(2)]


def alone(row, rule):
    """One process: the mean of the two losses, and the mean of their gradients."""
    problem = Problem(row)
    s = SurgeLR(problem.optimizer, TARGETS, weight=WEIGHT, rule=rule)
    alphas = []
    for _ in range(STEPS):
        parts = []
        for half in HALVES:
            problem.optimizer.zero_grad()
            loss = problem.loss(half)
            loss.backward()
            s.observe(loss)
            parts.append([p.grad / 2 for p in problem.parameters])
        for p, first, second in zip(problem.parameters, *parts, strict=True):
            p.grad = first + second
        s.step()
        problem.optimizer.step()
        alphas.append(s.alpha)
    return [problem.values(), alphas, s.state_dict()]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rule", RULES)
def test_ddp(ranks, name, rule):
    """Both replicas are equal to one process on both halves, in every bit."""
    first, second = (rank[name, rule] for rank in ranks)
    assert same(first, second)
    expected = alone(ROWS[name], rule)
    if ROWS[name].sparse:  # the sum over the ranks lists the rows of a sparse gradient in another order
        assert first[1] == pytest.approx(expected[1], rel=1e-6)
        assert all(torch.allclose(a, b, 1e-6, 1e-7) for a, b in zip(first[0], expected[0], strict=True))
    else:
        assert same(first, expected)
