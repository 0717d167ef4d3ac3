"""ore_algebra's Borel-Laplace summation, in a Python of its own where that has Sage and ore_algebra.

M. Mezzarobba's ``ore_algebra.analytic`` (Kauers & Mezzarobba 2019, ACM Commun. Comput. Algebra 53, 84) sums by its
function ``borel_laplace(operator, point, direction, eps)``, which returns a matrix whose first row has the Borel sums
of the formal power series solutions. It is free software under the GPL, runs within Sage, and is no part of this
project: it is spoken to through a pipe, one line of JSON for each question and each answer, and takes its own time.
"""

from __future__ import annotations

import json
import selectors
import shutil
import subprocess
import time
from types import TracebackType
from typing import Any

from .contest import NotInstalled

__all__ = ["OreAlgebra"]

#: What the other Python runs. Answers come as exact fractions, so that nothing is lost on the way.
_PROGRAM = """
import json, sys, time
answers = sys.stdout
sys.stdout = sys.stderr
def answer(**fields):
    print(json.dumps(fields), file=answers, flush=True)
try:
    import sage.all
    from sage.all import QQ, RBF, PolynomialRing
    from ore_algebra import OreAlgebra
    from ore_algebra.analytic.borel_laplace import borel_laplace
except ImportError as error:
    answer(error=str(error))
    sys.exit()
answer(ready=True)
for line in sys.stdin:
    question = json.loads(line)
    try:
        ring = PolynomialRing(QQ, 'x')
        algebra = OreAlgebra(ring, 'Dx')
        operator = algebra([ring(text) for text in question['operator']])
        start = time.perf_counter()
        tolerance = RBF(10) ** -question['digits']
        value = borel_laplace(operator, QQ(question['point']), RBF(0), tolerance)[0, question['column']].real()
        seconds = time.perf_counter() - start
        middle = QQ(value.mid().exact_rational())
        answer(seconds=seconds, value=str(middle), radius=str(value.rad()))
    except Exception as error:
        answer(error=f'{type(error).__name__}: {error}')
"""


class OreAlgebra:
    """A running Python that has ore_algebra, started at the first question.

    Parameters
    ----------
    python : str or None
        The interpreter; None where there is none, so that every question raises :class:`NotInstalled`.
    patience : float
        Seconds to wait for an answer.

    Raises
    ------
    ValueError
        Where there is no such program.
    """

    def __init__(self, python: str | None, patience: float = 900.0) -> None:
        self.python, self.patience = python, patience
        if python is not None and shutil.which(python) is None:
            raise ValueError(f"the Python with ore_algebra, {python}, cannot be run")
        self._process: subprocess.Popen[str] | None = None
        self._missing: str | None = None

    def __enter__(self) -> OreAlgebra:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the other Python."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def borel_sum(self, operator: list[str], point: str, column: int, digits: int) -> tuple[float, dict[str, str]]:
        """Seconds, and value and radius as texts, of one sum with an absolute error of about 10^-digits.

        Parameters
        ----------
        operator : list of str
            p_0, ..., p_r in x.
        point : str
            A positive rational number.
        column : int
            Which of the formal power series solutions.
        digits : int

        Raises
        ------
        NotInstalled
            Where there is no such Python, or it has no ore_algebra.
        RuntimeError
            With what ore_algebra said, or where no answer came in time.
        """
        process = self._start()
        assert process.stdin is not None
        question = {"operator": operator, "point": point, "column": column, "digits": digits}
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        reply = self._answer(process)
        if "error" in reply:
            raise RuntimeError(str(reply["error"]))
        return float(reply["seconds"]), {"value": str(reply["value"]), "radius": str(reply["radius"])}

    def _start(self) -> subprocess.Popen[str]:
        if self._process is not None:
            return self._process
        if self.python is None:
            raise NotInstalled("no Python with ore_algebra was named")
        if self._missing is not None:
            raise NotInstalled(self._missing)
        self._process = subprocess.Popen(
            [self.python, "-u", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )
        reply = self._answer(self._process)
        if "error" in reply:
            self._missing = str(reply["error"])
            self.close()
            raise NotInstalled(self._missing)
        return self._process

    def _answer(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        """One line from the other side, all of which comes at once."""
        assert process.stdout is not None
        deadline = time.monotonic() + self.patience
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            while time.monotonic() < deadline:
                if ready.select(timeout=1.0):
                    line = process.stdout.readline()
                    if line:
                        reply: dict[str, Any] = json.loads(line)
                        return reply
                    break
        self.close()
        raise RuntimeError(f"no answer from ore_algebra within {self.patience:g} s")
