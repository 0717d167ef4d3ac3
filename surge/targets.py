"""Target loss values, with their errors: what the analysis of a loss hands to the learning rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

__all__ = ["Targets"]


@dataclass(frozen=True)
class Targets:
    """Critical values of a loss that training may aim at.

    Parameters
    ----------
    values
        Loss values, in the units of the loss; any order, any sign; none at all where nothing was significant.
    errors
        One positive standard error for each value, in the same units, or None where no error is known.
    reason
        How the values were found, or why there are none.

    Raises
    ------
    TypeError
        Where values or errors are no real numbers, or the reason is no text.
    ValueError
        Where a value is not finite, an error is not positive and finite, or the numbers of both differ.

    Examples
    --------
    >>> Targets((0.5, 0.1), errors=(0.02, 0.01), reason="left end of the density of states")
    Targets(values=(0.5, 0.1), errors=(0.02, 0.01), reason='left end of the density of states')
    >>> bool(Targets((), reason="no singularity stands out of the noise"))
    False

    Notes
    -----
    The set T of Algorithm 1 and eq. 32 of *Globally Aware Optimization with Resurgence* (ICLR 2026), with errors.
    """

    values: tuple[float, ...]
    errors: tuple[float, ...] | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _numbers("values", self.values))
        if self.errors is not None:
            errors = _numbers("errors", self.errors)
            if len(errors) != len(self.values):
                raise ValueError(
                    f"{len(errors)} errors for {len(self.values)} values: give one error for each value, or None"
                )
            for error in errors:
                if error <= 0:
                    raise ValueError(f"an error is positive, got {error}: where none is known, give errors=None")
            object.__setattr__(self, "errors", errors)
        if not isinstance(self.reason, str):
            raise TypeError(f"reason is text, got {type(self.reason).__name__}")

    def __len__(self) -> int:
        return len(self.values)


def _numbers(name: str, given: Sequence[object]) -> tuple[float, ...]:
    """The numbers as a tuple of finite floats."""
    if isinstance(given, str | bytes):
        raise TypeError(f"{name} is a sequence of real numbers, got text")
    try:
        entries = tuple(given)
    except TypeError:
        raise TypeError(f"{name} is a sequence of real numbers, got {type(given).__name__}") from None
    numbers = []
    for entry in entries:
        if isinstance(entry, bool) or not isinstance(entry, Real):
            raise TypeError(f"{name} holds real numbers, got {type(entry).__name__}: convert it with float()")
        number = float(entry)
        if not math.isfinite(number):
            raise ValueError(f"{name} holds finite numbers, got {number}: leave it out")
        numbers.append(number)
    return tuple(numbers)
