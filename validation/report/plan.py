"""What a report measures, at its two sizes."""

from __future__ import annotations

from . import benchmarks, claims, crosscheck, experiments, learning_rates
from .measurement import RESULTS, Measurement

__all__ = ["SECTIONS", "plan"]

#: The sections in their order, each with what it answers.
SECTIONS = {
    "claims": "Which statements of the paper hold?",
    "crosscheck": "Are the estimates of the partition function right, and are their errors?",
    "experiments": "What is the learning-rate wrapper worth, against fair controls?",
    "benchmarks": "How fast and how accurate is it beside its peers?",
}

_JSON = ("--json", "{folder}/" + RESULTS)
_PLOT = ("--plot", "{folder}/" + crosscheck.DRAWING)


def plan(size: str, with_data: bool) -> tuple[Measurement, ...]:
    """The measurements of a report.

    Parameters
    ----------
    size
        ``"quick"``: minutes, with data that come along. ``"full"``: hours.
    with_data
        Whether a folder of data sets is given to the experiments; the quick ones have data of their own.

    Raises
    ------
    ValueError
        Another size.

    Examples
    --------
    >>> [one.name for one in plan("quick", False)][:2]
    ['claims', 'crosscheck']
    """
    if size not in ("quick", "full"):
        raise ValueError(f"a report is 'quick' or 'full', not {size!r}")
    quick = ("--quick",) if size == "quick" else ()
    return (
        Measurement(
            "claims",
            "claims",
            "The paper, statement by statement",
            "Every numbered equation, definition, theorem, algorithm, table and figure, with the check that was run "
            "just now. A check that accepts the printed form has refused a false neighbour of it, or the reverse.",
            ("claims", *_JSON),
            claims.show,
            met="audit sound",
            missed="audit unsound",
        ),
        Measurement(
            "crosscheck",
            "crosscheck",
            "Estimators against exact cases",
            "log Z(g) and the sublevel volumes B(t) of landscapes where they are known: errors, stated and actual.",
            ("crosscheck", *quick, "--out", "{folder}", *_JSON),
            crosscheck.show_estimates,
        ),
        Measurement(
            "exponents",
            "crosscheck",
            "Least loss and exponent",
            "L* and nu read off the partition function, where they are known.",
            ("crosscheck", "--exponents", *quick, *_JSON),
            crosscheck.show_exponents,
        ),
        Measurement(
            "noise",
            "crosscheck",
            "Targets from noisy log Z",
            "Noise is added to exact values of log Z: which critical values are found, how far off, up to which noise.",
            ("crosscheck", "--noise", *quick, *_PLOT, *_JSON),
            crosscheck.show_noise,
        ),
        Measurement(
            "detection",
            "crosscheck",
            "What of a saddle can be seen",
            "How many independent draws of the loss it takes to see a saddle at a known loss in its distribution.",
            ("crosscheck", "--detection", *quick, *_PLOT, *_JSON),
            crosscheck.show_detection,
        ),
        Measurement(
            "experiments",
            "experiments",
            "Training with SURGE",
            "The experiments of the paper with its optimizers, beside constant multiples of the learning rate, random "
            "and shuffled targets, and peers, each at its best learning rate of one grid.",
            (
                "experiments",
                f"--{size}",
                "--out",
                "{folder}",
                *(("--data", "{data}") if with_data and size == "full" else ()),
                *_JSON,
            ),
            experiments.show,
            met="done",
            missed="wrapper not neutral",
        ),
        Measurement(
            "learning_rates",
            "experiments",
            "How much each method cares for its learning rate",
            "Final validation losses over five decades of learning rates: schedulers, SurgeLR and peers. A decade is "
            "good where the mean loss is within 10 % of the best that a scheduler has at any rate.",
            (
                "learning-rates",
                *quick,
                "--out",
                "{folder}",
                *(("--data", "{data}") if with_data and size == "full" else ()),
                *_PLOT,
                *_JSON,
            ),
            learning_rates.show,
            met="done",
        ),
        Measurement(
            "benchmarks",
            "benchmarks",
            "This package and its peers",
            "Times and right digits on the same problems. Other work on the machine disturbs times more than ratios.",
            ("benchmarks", f"--{size}", "--plot", "{folder}/" + benchmarks.FIGURES, *_JSON),
            benchmarks.show,
        ),
    )
