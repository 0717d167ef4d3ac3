"""PARI's side of the contests: its own precision, and its numbers as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from flint import acb, arb

from .contest import NotInstalled

__all__ = ["pari_call", "pari_numbers"]

#: Bytes of PARI's stack: what a Padé approximant of order 400 needs, with room to spare.
_STACK = 2 * 10**9


@cache
def _pari() -> Any:
    try:
        from cypari import pari
    except ImportError as error:
        raise NotInstalled("cypari") from error
    pari.allocatemem(2 * 10**7, _STACK, silent=True)
    return pari


def pari_call(bits: int, function: str, *arguments: str) -> Callable[[], Callable[[], Any]]:
    """Prepare a call of a PARI function, given as PARI writes it, with arguments as PARI reads them.

    Returns what makes a task: the precision is set, the function compiled and the arguments read before the clock
    starts.
    """

    def prepare() -> Callable[[], Any]:
        pari = _pari()
        pari.set_real_precision(math.ceil(bits * math.log10(2)))
        compiled, given = pari(function), [pari(argument) for argument in arguments]
        return lambda: compiled(*given)

    return prepare


def pari_numbers(values: Iterable[Any]) -> Sequence[acb]:
    """PARI's numbers as balls, at flint's current precision; the radius is that of reading decimals."""
    return [acb(_real(z.real()), _real(z.imag())) for z in values]


def _real(value: Any) -> arb:
    return arb(str(value).replace(" E", "e").replace("E", "e"))
