"""Populations on several processes against the same populations in one."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from surge import Landscape
from surge.partition import smc
from surge.partition.distributed import distributed_smc

WIDE = 300  # dimensions in which only the variances of the particles are exchanged

PROGRAM = """
import sys
import torch
import torch.distributed as dist
from surge import Landscape
from surge.partition.distributed import distributed_smc

torch.set_num_threads(1)
dist.init_process_group("gloo")
rank = dist.get_rank()

def figures(est):
    return est.log_z, est.std_error, est.covariance, est.ess, est.diagnostics["table"].losses

def says(task):
    try:
        task()
    except Exception as error:
        return f"{type(error).__name__}: {error}"

land = Landscape.from_action("x**2 + x**4 + y**2 + x*y")
wide = Landscape(lambda theta: 0.2 * theta.square().sum(1), dim=WIDE)
both = distributed_smc(land, [1.0], seed=3, populations=10, particles=16)
apart = distributed_smc(wide, [1.0], seed=3, populations=8, particles=16)
alone = [dist.new_group([i]) for i in range(2)][rank]
single = distributed_smc(land, [1.0], seed=3, populations=10, particles=16, group=alone)

def broken(theta):
    return theta.square().sum(1) if rank == 0 else theta.square().sum(1) * float("nan")

failed = says(lambda: distributed_smc(Landscape(broken, 2), [1.0], populations=8, particles=16))
differ = says(lambda: distributed_smc(land, [1.0], seed=rank, populations=8, particles=16))
torch.save(
    {
        "both": figures(both), "apart": figures(apart), "single": figures(single), "failed": failed, "differ": differ,
        "processes": (both.diagnostics["processes"], single.diagnostics["processes"]),
    },
    f"{sys.argv[1]}/{rank}.pt",
)
dist.destroy_process_group()
"""


def figures(est):
    return est.log_z, est.std_error, est.covariance, est.ess, est.diagnostics["table"].losses


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def alone():
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """What each of two processes, started by torchrun, has to say."""
    directory = tmp_path_factory.mktemp("torchrun")
    program = directory / "program.py"
    program.write_text(PROGRAM.replace("WIDE", str(WIDE)), encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    root = str(Path(__file__).parent.parent)
    done = subprocess.run(
        [*command, str(program), str(directory)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [torch.load(directory / f"{rank}.pt", weights_only=True) for rank in range(2)]


def land():
    return Landscape.from_action("x**2 + x**4 + y**2 + x*y")


def wide():
    return Landscape(lambda theta: 0.2 * theta.square().sum(1), dim=WIDE)


def test_every_process_has_the_same_estimate(two):
    for name in ("both", "apart", "single"):
        assert all(torch.equal(a, b) for a, b in zip(two[0][name], two[1][name], strict=True))


def test_the_number_of_processes_changes_no_bit(two, alone):
    here = distributed_smc(land(), [1.0], seed=3, populations=10, particles=16)
    for name in ("both", "single"):
        assert all(torch.equal(a, b) for a, b in zip(two[0][name], figures(here), strict=True))
    assert two[0]["processes"] == (2, 1)
    many = distributed_smc(wide(), [1.0], seed=3, populations=8, particles=16)
    assert all(torch.equal(a, b) for a, b in zip(two[0]["apart"], figures(many), strict=True))


def test_a_process_that_fails_stops_all(two):
    assert "NaN" in two[1]["failed"]
    assert two[0]["failed"] == "RuntimeError: 1 other process(es) failed: their messages say why"


def test_arguments_that_differ_are_refused(two):
    assert all("different arguments" in each["differ"] for each in two)


@pytest.mark.parametrize(
    ("make", "couplings", "particles"), [(land, [1.0, 0.3], 32), (wide, [1.0], 16)], ids=["correlations", "variances"]
)
def test_the_estimate_is_that_of_one_process(make, couplings, particles, alone):
    est = distributed_smc(make(), couplings, seed=3, populations=8, particles=particles)
    other = smc(make(), couplings, seed=3, populations=8, particles=particles)
    # The same random numbers, in sums of another order.
    for ours, theirs in zip(figures(est)[:4], figures(other)[:4], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-8)
    assert est.diagnostics["ladder"] == pytest.approx(other.diagnostics["ladder"], rel=1e-9)
    assert est.warnings == other.warnings


def test_a_quadratic_has_its_partition_function(alone):
    est = distributed_smc(Landscape(lambda theta: 50 * theta.square().sum(1), dim=6), [1.0], seed=1, particles=64)
    assert float((est.log_z + 3 * math.log(1 + 1e2)).abs()) < 4 * float(est.std_error)
    assert float(est.std_error) < 0.2


def half_line(theta):
    return torch.where(theta[:, 0] > 100, theta[:, 0], math.inf)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: distributed_smc(quadratic(), [1.0], populations=9), ValueError, "even"),
        (lambda: distributed_smc(quadratic(), [0.0]), ValueError, "positive"),
        (lambda: distributed_smc("land", [1.0]), TypeError, "Landscape"),
        (lambda: distributed_smc(Landscape(half_line, 1), [1.0], populations=8), ValueError, "population"),
        (lambda: distributed_smc(Landscape(lambda t: t.log().sum(1), 1), [1.0]), ValueError, "NaN"),
    ],
)
def test_bad_input(call, error, message, alone):
    with pytest.raises(error, match=message):
        call()


def quadratic():
    return Landscape(lambda theta: theta.square().sum(1), dim=2)


def test_too_many_rungs(monkeypatch, alone):
    monkeypatch.setattr(sys.modules["surge.partition.smc"], "_MAX_RUNGS", 3)
    with pytest.raises(RuntimeError, match=r"3 rungs reached only 1/g = \d"):
        distributed_smc(quadratic(), [1e-6], populations=8, particles=16)


def test_without_processes():
    with pytest.raises(ValueError, match="init_process_group"):
        distributed_smc(quadratic(), [1.0])


def test_more_processes_than_pairs(monkeypatch, alone):
    monkeypatch.setattr(dist, "get_world_size", lambda group: 5)
    with pytest.raises(ValueError, match="5 processes need 10 populations"):
        distributed_smc(quadratic(), [1.0], populations=8)
