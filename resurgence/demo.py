"""What the package does, in under a minute: ``python -m resurgence.demo --out demo``.

Verification tables for Euler's series, the quartic oscillator and Himmelblau's function; the claim that the quartic
oscillator has singularities on the positive axis, refuted; resummed values beside exact ones; sums of differential
equations and integrals of actions, certified; energies and a Painlevé function from coefficients alone; and the
pictures.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import mpmath
import sympy

import resurgence as rs

from .plot_hyperasymptotics import plot_hyperasymptotics
from .plotting import plot_borel, plot_sums
from .rays import Side
from .terminal import print_rich, progress, table, verification_table

HIMMELBLAU = "(x**2 + y - 11)**2 + (x + y**2 - 7)**2"

EULER = "x^3*y'' + (x^2 + x)*y' - y = 0"

#: Model, coupling, side of the Stokes line.
SUMS: tuple[tuple[str, str, Side | None], ...] = (
    ("quartic", "1/100", None),
    ("quartic", "1/10", None),
    ("quartic", "1", None),
    ("euler", "1/10", "above"),
    ("euler", "1/10", "below"),
    ("euler", "1/10", "median"),
    ("cubic", "1/50", "above"),
    ("double_well", "1/200", "median"),
    ("bessel_k(1/3)", "1/2", None),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demonstration; 0 where everything is as it should be, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m resurgence.demo", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder for the pictures (default: demo)")
    out: Path = parser.parse_args(argv).out
    out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()

    verifications = []
    for title, what, at in (
        ("Euler's series, sum n! g^n", rs.models.euler, None),
        ("The quartic oscillator, exp(-(x^2 + x^4)/g)", rs.Action("x**2 + x**4"), 0),
        (f"Himmelblau's function {HIMMELBLAU} at its minimum (3, 2)", rs.Action(HIMMELBLAU), (3, 2)),
    ):
        with progress(f"verifying: {title}"):
            verification = rs.verify(what, at=at)
        print_rich(f"{title}: {'verified' if verification else 'NOT verified'}", verification_table(verification), "")
        verifications.append(verification)

    with progress("a claim"):
        claim = rs.verify("quartic", claims=[2 ** sympy.Rational(5, 3) / 3])
    print_rich(
        "The claim that the quartic oscillator is singular at 2^(5/3)/3:",
        claim.rows[0].reason,
        verification_table(claim),
    )

    agree = True
    sums = table("model", "g", "side", "from 100 coefficients", "error stated", "exact value", "error made")
    with progress("summing"):
        for name, g, side in SUMS:
            model = rs.models.get(name)
            exact = model.exact(g, digits=60, side=side)
            series = model.series(100)
            series = rs.FormalSeries(series, action=series.action, exponent=series.exponent, constant=series.constant)
            value = rs.borel_sum(series, g, digits=30, side=side)
            error = abs(value.value - exact.value)
            agree = agree and value.contains(exact)
            stated, made = mpmath.nstr(value.error, 2), mpmath.nstr(error, 2)
            sums.add_row(name, g, side or "", value.short(16), stated, exact.short(16), made)
    print_rich("Resummed values beside exact ones", sums, "")

    with progress("linear problems, certified"):
        equation = rs.FormalSeries.from_ode(EULER, initial=[0, 1])
        linear = table("what", "g", "value, certified", "independently")
        for g in ("1/10", "1/2"):
            value = rs.borel_sum(equation, g, digits=200)
            with mpmath.workdps(220):
                x = mpmath.mpf(1) / mpmath.mpf(g.partition("/")[2])
                independent = mpmath.exp(1 / x) * mpmath.e1(1 / x)
                agree = agree and value.contains(independent)
            linear.add_row(f"{EULER}, 200 digits", g, value.short(25) + "...", mpmath.nstr(independent, 25))
        quartic = rs.Action("x**2 + x**4").integral("1/10", digits=50)
        exact = rs.models.quartic.exact("1/10", digits=60)
        agree = agree and quartic.contains(exact)
        linear.add_row("int exp(-(x^2 + x^4)/g) dx, 50 digits", "1/10", quartic.short(25) + "...", exact.short(25))
        himmelblau = rs.Action(HIMMELBLAU).integral("10", digits=50)
        linear.add_row("int exp(-V/g) dx dy, Himmelblau, 50 digits", "10", himmelblau.short(25) + "...", "")
    print_rich("Linear problems, certified", linear, "")

    with progress("nonlinear problems, from coefficients"):
        toolbox = table("what", "g", "from coefficients", "error stated", "independently")
        oscillator, double_well = rs.models.anharmonic, rs.models.quantum_double_well
        painleve, quartic_model = rs.models.painleve_one, rs.models.quartic
        comparisons: tuple[tuple[str, str, rs.Enclosure, rs.Model], ...] = (
            ("p^2/2 + x^2/2 + g x^4, ground state", "1/2", rs.borel_sum(oscillator.series(60), "1/2", 30), oscillator),
            ("double well, with two instantons", "1/50", double_well.median_sum("1/50"), double_well),
            ("Painlevé I, tritronquée solution", "1j/3", rs.borel_sum(painleve.series(80), "1j/3", 30), painleve),
            (
                "quartic oscillator, hyperasymptotics of level 3",
                "1/40",
                rs.hyperasymptotics(quartic_model, "1/40", 3).sum,
                quartic_model,
            ),
        )
        for title, g, value, known in comparisons:
            truth = known.exact(g, digits=40)
            agree = agree and value.contains(truth)
            toolbox.add_row(title, g, value.short(16), mpmath.nstr(value.error, 2), truth.short(16))
    print_rich("From coefficients alone", toolbox, "")

    with progress("drawing"):
        names = ("euler", "quartic", "himmelblau")
        for name, verification in zip(names, verifications, strict=True):
            plot_borel(verification, out / f"borel_{name}.png")
        plot_sums(rs.models.quartic, ["1/100", "1/20", "1/4"], out / "sums_quartic.png")
        plot_hyperasymptotics(rs.models.quartic, "1/40", out / "hyperasymptotics_quartic.png")
    pictures = ", ".join(sorted(path.name for path in out.glob("*.png")))
    print_rich(f"Pictures in {out}: {pictures}", f"{time.monotonic() - started:.0f} s")
    return 0 if all(verifications) and not claim and agree else 1


if __name__ == "__main__":
    raise SystemExit(main())
