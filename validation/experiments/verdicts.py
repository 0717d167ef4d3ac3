"""What the paper says of its experiments, and what these say of that.

A claim is that one arm is better (or worse) than its controls by at least a margin, everywhere. Its margin was set
before anything was run, and is part of its definition. In every cell and against every control, Wilcoxon's signed-rank
test asks on which side of the margin the ratios of the paired figures lie, at 5 % after Holm's correction over all of
them: *supported*, *not supported* or, where the seeds do not tell, *undecided*. An arm whose best learning rate lies at
the edge of what was tried is not tuned, and decides nothing. A claim is supported if it is supported against every
control in every cell, and not supported if it is not against one of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .paired_statistics import compare, holm
from .results import METRICS, control_arm, figures, finite

__all__ = ["CLAIMS", "LEVEL", "PaperClaim", "verdict", "verdicts"]

#: Level of the tests.
LEVEL = 0.05

SUPPORTED, NOT_SUPPORTED, UNDECIDED = "supported", "not supported", "undecided"


@dataclass(frozen=True)
class PaperClaim:
    """A claim of the text, made comparable.

    Attributes
    ----------
    key, quotation
        A word for it, and the words of the paper.
    reading
        What it is taken to say here.
    metric
        One of :data:`validation.experiments.results.METRICS`.
    controls
        What the paper's rule is compared with.
    ratio
        The margin: the claim is that surge's figure over the control's is below it, or, for ``larger``, above it.
    larger
        Whether the claim is of a larger figure.
    """

    key: str
    quotation: str
    reading: str
    metric: str
    controls: tuple[str, ...]
    ratio: float
    larger: bool = False


CLAIMS = (
    PaperClaim(
        "improvement",
        "consistent improvements of 15-30% in final objective function across diverse problems",
        "the final validation loss is lower than the bare optimizer's by 15 % at least",
        "final",
        ("bare",),
        0.85,
    ),
    PaperClaim(
        "faster escape",
        "accelerates initial convergence and fast escape of local minima",
        "the loss that the bare optimizer has after a quarter of its steps is reached in 5 % fewer steps at least, "
        "also than by a constant factor of the same mean",
        "steps_early",
        ("bare", "matched"),
        0.95,
    ),
    PaperClaim(
        "meaningful targets",
        "whether the targets computed using SURGE are actually meaningful and useful for guiding optimization",
        "the final validation loss is lower by 1 % at least than with random targets, those of another problem, the "
        "target 0, or a constant factor of the same mean",
        "final",
        ("random", "shuffled", "zero", "matched"),
        0.99,
    ),
    PaperClaim(
        "instability",
        "SURGE creates instability during the process, due to violent scaling of the learning rate",
        "the validation loss rises on its way by 5 % more at least than the bare optimizer's (divergence is infinite)",
        "rise",
        ("bare",),
        1.05,
        larger=True,
    ),
    PaperClaim(
        "overfitting",
        "SURGE induces overfitting compared to the original optimizer",
        "the ratio of validation to training loss at the end is larger than the bare optimizer's by 5 % at least",
        "gap",
        ("bare",),
        1.05,
        larger=True,
    ),
    PaperClaim(
        "schedulers",
        "SURGE vs Learning Rate Scheduling Strategies",
        "at every learning rate the final validation loss is lower by 1 % at least than that of the best scheduler",
        "final",
        ("best scheduler",),
        0.99,
    ),
)


def verdict(claim: PaperClaim, cells: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The verdict on a claim from the cells of documents; None where no cell has the arms.

    Parameters
    ----------
    claim : PaperClaim
    cells : sequence of dict
        Made by :func:`validation.experiments.results.cell_document`.

    Returns
    -------
    dict or None
        ``claim``, ``quotation``, ``reading``, ``metric``, ``verdict``, ``sentence``, and ``evidence``: for each cell
        and control the relative difference with its interval, the p-value against the margin, plain and corrected, the
        status, and whether a learning rate lies at the edge of what was tried.
    """
    evidence: list[dict[str, Any]] = []
    for cell in cells:
        surge = cell["arms"].get("surge")
        for control in claim.controls:
            arm = control_arm(cell, control)
            if surge is None or arm is None:
                continue
            a, b = figures(surge, claim.metric), figures(arm, claim.metric)
            found = compare(a, b, claim.ratio)
            evidence.append(
                {
                    "cell": cell["name"],
                    "against": control,
                    "pairs": found.pairs,
                    "median_relative_difference": finite(found.median),
                    "low": finite(found.low),
                    "high": finite(found.high),
                    "effect_about_margin": found.effect,
                    "p": found.p_value,
                    "at_edge": bool(surge["at_edge"] or arm["at_edge"]),
                }
            )
    if not evidence:
        return None
    for entry, adjusted in zip(evidence, holm([entry["p"] for entry in evidence]), strict=True):
        entry["p_holm"] = adjusted
        holds = (entry["effect_about_margin"] > 0) == claim.larger
        decided = adjusted <= LEVEL and not entry["at_edge"]
        entry["status"] = UNDECIDED if not decided else SUPPORTED if holds else NOT_SUPPORTED
    counts = {status: sum(entry["status"] == status for entry in evidence) for status in (SUPPORTED, NOT_SUPPORTED)}
    if counts[NOT_SUPPORTED]:
        found_verdict = NOT_SUPPORTED
    else:
        found_verdict = SUPPORTED if counts[SUPPORTED] == len(evidence) else UNDECIDED
    return {
        "claim": claim.key,
        "quotation": claim.quotation,
        "reading": claim.reading,
        "metric": claim.metric,
        "verdict": found_verdict,
        "sentence": _sentence(claim, found_verdict, counts, evidence),
        "evidence": evidence,
    }


def verdicts(documents: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Verdicts on all claims: from the cells where every arm has its own best learning rate, and where all have one.

    Each has a further entry ``rates``: "own" or "common".
    """
    cells = [cell for document in documents for cell in document["cells"]]
    found = []
    for claim in CLAIMS:
        for rates in ("own", "common"):
            one = verdict(claim, [cell for cell in cells if (cell["rate"] is None) == (rates == "own")])
            if one is not None:
                found.append(one | {"rates": rates})
    return found


def _sentence(claim: PaperClaim, found: str, counts: Mapping[str, int], evidence: Sequence[Mapping[str, Any]]) -> str:
    undecided = len(evidence) - sum(counts.values())
    text = (
        f'"{claim.quotation}": {found}. Read as: {claim.reading}. Comparisons: {counts[SUPPORTED]} for it, '
        f"{counts[NOT_SUPPORTED]} against it, {undecided} undecided. Median relative difference of the "
        f"{METRICS[claim.metric]}: "
    )
    ordered = sorted(evidence, key=lambda entry: _infinite(entry["median_relative_difference"]))
    shown = [ordered[0]] if len(ordered) == 1 else [ordered[0], ordered[-1]]
    text += " to ".join(
        f"{_percent(entry['median_relative_difference'])} [{_percent(entry['low'])}, {_percent(entry['high'])}] "
        f"({entry['cell']}; against {entry['against']})"
        for entry in shown
    )
    fewest = min(entry["pairs"] for entry in evidence)
    least = 2.0 ** (1 - fewest)
    if least * len(evidence) > LEVEL:
        text += f". With {fewest} seeds some test cannot decide: the least p-value is {least:.2g} before correction"
    edges = sum(entry["at_edge"] for entry in evidence)
    if edges:
        text += f". In {edges} the best learning rate lies at the edge of what was tried"
    return text + "."


def _infinite(value: float | None) -> float:
    return math.inf if value is None else value


def _percent(value: float | None) -> str:
    return "infinite" if value is None else f"{100 * value:+.1f} %"
