"""Experiments from the first run to the files that are left: journals, documents, figures, verdicts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from validation.atomic_write import write_json
from validation.benchmarks.environment import environment

from .campaign import Campaign
from .experiment import Experiment
from .journal import Journal
from .registry import DRAWINGS
from .results import METRICS, cell_document, comparisons
from .verdicts import verdicts

__all__ = ["JOURNAL", "RESULTS", "execute", "perform", "surroundings"]

#: Files in the folder of an experiment.
JOURNAL, RESULTS = "runs.jsonl", "results.json"

_PACKAGES = ("torch", "scikit-learn", "momo-opt", "prodigyopt", "schedulefree")


def surroundings() -> dict[str, Any]:
    """Versions, machine and commit."""
    found = dict(environment())
    packages = dict(found["packages"])  # type: ignore[call-overload]
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = None
    return found | {"packages": packages, "threads": torch.get_num_threads()}


def perform(campaign: Campaign, size: str) -> dict[str, Any]:
    """Run what is missing of a campaign and return its document, whose schema is in the README of this folder."""
    cells = [cell_document(cell) for cell in campaign.cells()]
    experiment = campaign.experiment
    document: dict[str, Any] = {
        "experiment": experiment.name,
        "question": experiment.question,
        "paper": experiment.paper,
        "size": {"name": size, **dataclasses.asdict(campaign.size)},
        "rates": list(experiment.rates),
        "metrics": METRICS,
        "cells": cells,
        "comparisons": comparisons(cells),
    }
    return document | {"verdicts": verdicts([document]), "environment": surroundings()}


def execute(
    experiments: Sequence[Experiment], size: str, data: Path | None, out: Path, console: Console
) -> list[dict[str, Any]]:
    """Run experiments one after the other, each in its folder below ``out``, and return their documents.

    Files appear whole or not at all; ``results.json`` and the figures of an experiment when all of its runs are there,
    ``verdicts.json`` in ``out`` at the end, over the experiments that were named.

    Raises
    ------
    ValueError, OSError, ModuleNotFoundError
        Data or files that cannot be read or written: before anything is run, as far as they are known then.
    """
    campaigns = []
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console, disable=not console.is_terminal) as bar:
        row = bar.add_task("", total=None)

        def advanced(description: str) -> None:
            bar.update(row, description=description, advance=0 if description else 1)

        for experiment in experiments:
            folder = out / experiment.name
            folder.mkdir(parents=True, exist_ok=True)
            campaigns.append(Campaign(experiment, size, data, Journal(folder / JOURNAL), advanced))
        bar.update(row, total=sum(campaign.total for campaign in campaigns))
        documents = []
        for campaign in campaigns:
            name = campaign.experiment.name
            document = perform(campaign, size)
            write_json(out / name / RESULTS, document)
            DRAWINGS[name](document, out / name)
            documents.append(document)
    found = {"experiments": [one["experiment"] for one in documents], "size": size, "verdicts": verdicts(documents)}
    write_json(out / "verdicts.json", found)
    return documents
