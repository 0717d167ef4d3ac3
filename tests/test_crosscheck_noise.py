"""Targets from noisy values of log Z: the exact values, and what the study prints, draws and writes."""

import json
import math

import numpy as np
import pytest

from resurgence import Action
from validation.__main__ import main
from validation.crosscheck.targets_from_noise import LANDSCAPES, draw_targets, noise_table, targets_from_noise


def test_log_z_by_the_trapezoidal_rule_is_the_certified_integral():
    """The base measure is folded into the action: V + g x^2/2."""
    for g in ("1/10", "1/100"):
        number = float(eval_fraction(g))
        exact = Action(f"(x^2 - 1)^2 + x/2 + ({g})*x^2/2").integral(g, digits=20).value
        (found,) = LANDSCAPES[0].log_z(np.array([number]))
        assert found == pytest.approx(float(math.log(float(exact.real)) - math.log(2 * math.pi) / 2), abs=1e-11)


def eval_fraction(text):
    above, below = text.split("/")
    return int(above) / int(below)


def test_critical_values_at_real_points_alone():
    assert LANDSCAPES[1].critical_values() == (0.0, 1.0)
    assert LANDSCAPES[2].critical_values() == (0.0,)  # the other two points of this one are complex


def test_targets_lie_on_critical_values_within_their_errors():
    rows = targets_from_noise(LANDSCAPES[1], (1e-2, 1e-10), seeds=1)
    few, many = (row.targets[0] for row in rows)
    assert len(few) == 1 < len(many)
    for targets in (few, many):
        for value, error in zip(targets.values, targets.errors, strict=True):
            assert min(abs(value - one) for one in LANDSCAPES[1].critical_values()) < 3 * error


def test_the_picture_and_the_table(tmp_path):
    rows = targets_from_noise(LANDSCAPES[1], (1e-2,), seeds=1)
    draw_targets({LANDSCAPES[1]: rows}, tmp_path / "noise.svg")
    assert (tmp_path / "noise.svg").stat().st_size > 1000
    assert noise_table(LANDSCAPES[1], rows).row_count == 1


def test_as_a_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("validation.crosscheck.campaign.LANDSCAPES", LANDSCAPES[1:2])
    monkeypatch.setattr("validation.crosscheck.campaign.NOISES", (1e-1, 1e-2, 1e-3))
    file, plot = tmp_path / "noise.json", tmp_path / "noise.png"
    assert main(["crosscheck", "--noise", "--quick", "--json", str(file), "--plot", str(plot)]) == 0
    document = json.loads(file.read_text())
    assert document["landscapes"][0]["critical_values"] == [0.0, 1.0]
    assert plot.exists()
    assert "critical values" in capsys.readouterr().out
    assert main(["crosscheck", "--noise", "--seeds", "3"]) == 2
    assert main(["crosscheck", "--plot", str(plot)]) == 2
