"""A contest: one problem, this package and its peers, all timed in turns, and the digits that each gets right."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from resurgence.numbers import working_precision

from .accuracy import Accuracy, judge
from .timing import Spread, clock, repeats_for

__all__ = ["OURS", "Contender", "Contest", "Entry", "NotInstalled", "Outcome", "compete"]

#: The name under which this package competes.
OURS = "resurgence"


class NotInstalled(Exception):
    """A peer is not to be had on this machine."""


#: A first run that is shorter, in seconds, is run again to see how long it takes with warm caches.
_SHORT = 0.1


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Contender:
    """One way to solve the problem.

    Attributes
    ----------
    name : str
    task : callable
        Takes what ``prepare`` returned. What it returns is timed with it.
    read : callable
        From what the task returned to the list of numbers to be judged, at the contest's precision; not timed.
    prepare : callable
        Makes what the task starts from, before each call; not timed.
    certified : bool
        Whether the numbers are balls that are said to contain the truth.
    own_clock : bool
        The task returns (seconds, result), measured where it ran.
    """

    name: str
    task: Callable[[Any], object]
    read: Callable[[Any], Sequence[Any]]
    prepare: Callable[[], Any] = _nothing
    certified: bool = False
    own_clock: bool = False

    def measure(self, repeats: int) -> tuple[float, object]:
        """Seconds of one call, and its result."""
        seconds, result = clock(self.task, self.prepare, repeats)
        if self.own_clock:
            assert isinstance(result, tuple), "a task with its own clock returns seconds and result"
            return float(result[0]), result[1]
        return seconds, result


@dataclass(frozen=True)
class Contest:
    """A problem of one size.

    Attributes
    ----------
    label : str
        The problem in a few words.
    size : int
        What grows from contest to contest of a benchmark.
    contenders : sequence of Contender
        This package first.
    reference : sequence
        The right numbers, exact or in balls.
    bits : int
        Precision for reading and comparing the numbers.
    """

    label: str
    size: int
    contenders: Sequence[Contender]
    reference: Sequence[Any]
    bits: int


@dataclass(frozen=True)
class Entry:
    """What became of one contender.

    Attributes
    ----------
    name : str
    status : str
        ``"measured"``, ``"not installed"``, or ``"failed: ..."``.
    times : tuple of float
        Seconds of one call, for each round.
    accuracy : Accuracy or None
    ratio : Spread or None
        Its time by that of this package, round by round. None for this package itself.
    """

    name: str
    status: str
    times: tuple[float, ...] = ()
    accuracy: Accuracy | None = None
    ratio: Spread | None = None

    @property
    def seconds(self) -> float:
        """The median."""
        return Spread.of(self.times).median


@dataclass(frozen=True)
class Outcome:
    """The entries of a contest, this package first."""

    label: str
    size: int
    entries: tuple[Entry, ...]

    @property
    def ours(self) -> Entry:
        """This package's entry."""
        return self.entries[0]

    def entry(self, name: str) -> Entry:
        """That of one contender."""
        return next(entry for entry in self.entries if entry.name == name)


@dataclass
class _Runner:
    contender: Contender
    repeats: int = 1
    times: dict[int, float] = field(default_factory=dict)
    accuracy: Accuracy | None = None
    status: str = "measured"
    only: float | None = None

    def warm_up(self, contest: Contest) -> None:
        try:
            self.only, result = self.contender.measure(1)
            with working_precision(contest.bits):
                numbers = self.contender.read(result)
            self.accuracy = judge(numbers, contest.reference, contest.bits, self.contender.certified)
            if self.only < _SHORT and not self.contender.own_clock:
                self.repeats = repeats_for(self.contender.measure(1)[0])
        except NotInstalled:
            self.status = "not installed"
        except Exception as error:
            if self.contender.name == OURS:
                raise
            self.status = f"failed: {' '.join(str(error).split()) or type(error).__name__}"

    def spent(self) -> float:
        return (self.only or 0.0) + sum(self.times.values()) * self.repeats


def compete(contest: Contest, rounds: int, budget: float, announce: Callable[[str], None] = lambda _: None) -> Outcome:
    """Let all contenders take turns.

    A first run of each, by which its digits are judged, warms caches up and is not counted. Then every round runs each
    once, beginning with another one every time. A contender whose budget is used up runs in fewer rounds, but in one
    at least; one that needs more than the budget for a single run is timed by its first.

    Parameters
    ----------
    contest : Contest
    rounds : int
    budget : float
        Seconds for each contender.
    announce : callable, optional
        Told who is running.
    """
    runners = [_Runner(contender) for contender in contest.contenders]
    for runner in runners:
        announce(f"{contest.label}: {runner.contender.name}")
        runner.warm_up(contest)
    active = [runner for runner in runners if runner.only is not None and runner.status == "measured"]
    gc.collect()  # collections are off while the clock runs
    for number in range(rounds):
        for runner in active[number % len(active) :] + active[: number % len(active)]:
            assert runner.only is not None
            if runner.only <= budget and (not runner.times or runner.spent() + runner.only <= budget):
                announce(f"{contest.label}: {runner.contender.name}")
                runner.times[number], _ = runner.contender.measure(runner.repeats)
    for runner in active:
        if not runner.times:
            assert runner.only is not None
            runner.times = {-1: runner.only}
    return Outcome(contest.label, contest.size, tuple(_entry(runner, runners[0]) for runner in runners))


def _entry(runner: _Runner, ours: _Runner) -> Entry:
    if runner.status != "measured":
        return Entry(runner.contender.name, runner.status)
    times = tuple(runner.times.values())
    if runner is ours:
        return Entry(runner.contender.name, runner.status, times, runner.accuracy)
    common = [number for number in runner.times if number in ours.times]
    if common:
        ratios = [runner.times[number] / ours.times[number] for number in common]
    else:
        ratios = [times[0] / Spread.of(tuple(ours.times.values())).median]
    return Entry(runner.contender.name, runner.status, times, runner.accuracy, Spread.of(ratios))
