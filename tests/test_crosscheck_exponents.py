"""L* and nu where they are known."""

import json
from dataclasses import replace
from fractions import Fraction

import pytest
import torch

from validation.__main__ import main
from validation.crosscheck.exponents import CASES, learning_coefficient, measure


@pytest.mark.parametrize(
    ("sizes", "nu", "multiplicity"),
    [
        ((2, 1, 1, 0), Fraction(1, 2), 1),  # b^2 |a|^2: half the codimension of b = 0, the larger of the two varieties
        ((4, 4, 4, 4), Fraction(8), 1),  # regular: half the dimension of 4 x 4
        ((4, 2, 4, 2), Fraction(6), 1),  # rank 2 in 4 x 4: half of 2 (4 + 4 - 2)
        ((1, 1, 1, 0), Fraction(1, 2), 2),  # a^2 b^2: two varieties of codimension 1, which cross
        ((2, 1, 2, 0), Fraction(1), 2),  # |a|^2 |b|^2: two of codimension 2
    ],
)
def test_learning_coefficients_that_are_seen_without_the_theorem(sizes, nu, multiplicity):
    assert learning_coefficient(*sizes) == (nu, multiplicity)


def test_another_case_of_the_theorem_is_refused():
    with pytest.raises(ValueError, match="another case"):
        learning_coefficient(1, 4, 1, 0)  # the hidden layer is wide: nu is that of one matrix


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("linear")])
def test_linear_networks_vanish_at_their_minima(name):
    land = CASES[name].landscape()
    inputs, hidden, outputs, rank = (int(x) for x in name.removeprefix("linear-").replace("rank-", "").split("-"))
    a, b = torch.zeros(hidden, inputs).double(), torch.zeros(outputs, hidden).double()
    for k in range(rank):
        a[k, k] = b[k, k] = 1.0
    assert land(torch.cat([a.reshape(-1), b.reshape(-1)])[None]).item() == 0
    assert land(torch.zeros(1, land.dim)).item() == rank


def changed(found, **figures):
    return replace(found, readings=tuple(replace(one, **figures) for one in found.readings))


def test_a_case_holds_and_can_fail():
    found = measure(CASES["quartic-1"])
    (one,) = found.readings
    assert found.holds
    assert not changed(found, nu=0.53).holds
    assert not changed(found, minimum=found.least + 3 * one.minimum_error).holds
    assert not changed(found, minimum=float("nan")).holds
    # Where m > 1 the error has to cover.
    assert replace(changed(found, nu=0.4, nu_error=0.06), multiplicity=2).holds
    assert not replace(changed(found, nu=0.4, nu_error=0.04), multiplicity=2).holds


def test_verdicts_are_by_the_median_over_the_seeds():
    found = measure(CASES["quartic-1"])
    (good,) = found.readings
    bad, none = replace(good, nu=0.6), replace(good, minimum=float("nan"))
    assert replace(found, readings=(good, bad, good)).holds
    assert not replace(found, readings=(good, bad, bad)).holds
    assert not replace(found, readings=(none, good, none)).holds
    assert replace(found, readings=(good, bad, good)).nu_part == pytest.approx(abs(good.nu / 0.5 - 1))


def test_the_least_loss_of_the_network_is_below_all_draws(monkeypatch):
    monkeypatch.setattr("validation.crosscheck.exponents.RESTARTS", 10)
    case = CASES["tanh-1-3-1"]
    land = case.landscape()
    draws = land(land.sample(1000, torch.Generator().manual_seed(5)))
    assert 0 < case.least(land) < float(draws.min())


def test_as_a_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("validation.crosscheck.campaign.EXPONENTS", {"quartic-1": CASES["quartic-1"]})
    file = tmp_path / "found.json"
    assert main(["crosscheck", "--exponents", "--quick", "--json", str(file)]) == 0
    case = json.loads(file.read_text())["cases"][0]
    assert (case["nu"], case["multiplicity"], len(case["readings"])) == (0.5, 1, 1)
    assert case["readings"][0]["multiplicity_weights"] == {"1": 1.0}
    assert "quartic-1" in capsys.readouterr().out
    assert main(["crosscheck", "--exponents", "--seeds", "0"]) == 2
    assert main(["crosscheck", "--exponents", "--only", "quartic-1"]) == 2
