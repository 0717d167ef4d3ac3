"""What a measurement was made with and on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import mpmath

__all__ = ["environment"]

_PACKAGES = ("resurgence", "python-flint", "mpmath", "sympy", "numpy", "scipy", "cypari", "gmpy2")


def environment() -> dict[str, object]:
    """Versions, machine and commit; ``commit`` is None outside a git checkout.

    >>> sorted(environment())  # doctest: +NORMALIZE_WHITESPACE
    ['commit', 'cpu_count', 'load_average', 'machine', 'mpmath_integers', 'packages', 'platform', 'processor', 'python',
     'uncommitted']
    """
    commit, uncommitted = _commit()
    return {
        "python": sys.version.split()[0],
        "packages": {name: _version(name) for name in _PACKAGES},
        "mpmath_integers": mpmath.libmp.BACKEND,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cpu_count": os.cpu_count(),
        "load_average": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
        "commit": commit,
        "uncommitted": uncommitted,
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """The processor's name: ``platform.processor()`` is empty or the architecture on Linux."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def _commit() -> tuple[str | None, bool | None]:
    """The commit of the source tree and whether files differ from it."""

    def git(*arguments: str) -> str:
        command = ["git", "--no-optional-locks", "-C", str(Path(__file__).parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain"))
    except (OSError, subprocess.SubprocessError):
        return None, None
