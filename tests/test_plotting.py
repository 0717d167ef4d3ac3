"""The pictures: that what is drawn is where it belongs, and how files come about."""

import math
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from resurgence import models
from resurgence.action import Action
from resurgence.plotting import GREY, plot_borel, plot_sums
from resurgence.series import FormalSeries
from resurgence.verify import verify

PNG = b"\x89PNG\r\n\x1a\n"


def drawn(figure):
    """The lines of the figure's axes by label, as complex points."""
    [axes] = figure.axes
    return {
        line.get_label(): np.asarray(line.get_xdata()) + 1j * np.asarray(line.get_ydata()) for line in axes.get_lines()
    }


@pytest.fixture(scope="module")
def quartic():
    return verify("quartic", terms=60)


def test_the_borel_plane_of_a_verification(quartic):
    lines = drawn(plot_borel(quartic))
    assert lines["exact, singular on the first sheet"] == pytest.approx([-0.25])
    assert lines["from the coefficients alone"] == pytest.approx([-0.25])
    poles = lines["poles of the [29/29] Padé approximant"]
    assert len(poles) == 29
    assert np.all(poles.real < -0.25)  # on the cut, all of them
    assert np.all(np.abs(poles.imag) < 1e-12)
    assert np.abs(lines["circle of convergence"]) == pytest.approx(0.25)
    assert lines["cut"][0] == pytest.approx(-0.25)
    assert lines["cut"][-1].real < -1


def test_the_ray_of_summation(quartic):
    start, end = drawn(plot_borel(quartic, direction=2.0))["ray of summation"]
    assert start == 0
    assert math.atan2(end.imag, end.real) == pytest.approx(2.0)


def test_extent(quartic):
    [axes] = plot_borel(quartic, extent=0.1).axes
    assert axes.get_xlim() == axes.get_ylim() == (-0.1, 0.1)
    assert [t.get_text() for t in axes.texts] == ["1 exact value outside the picture"]


def test_a_refuted_claim_is_marked():
    lines = drawn(plot_borel(verify("quartic", claims=["1/4"], terms=40)))
    assert lines["refuted"] == pytest.approx([0.25])
    assert "exact, singular on the first sheet" not in lines
    assert lines["cut"][0] == pytest.approx(-0.25)  # of what the coefficients show


def test_critical_values_on_other_sheets_are_hollow():
    verification = verify(Action("(x**2+y-11)**2 + (x+y**2-7)**2"), at=(3, 2), terms=40)
    figure = plot_borel(verification)
    lines = drawn(figure)
    assert lines["exact, singular on the first sheet"] == pytest.approx([13.31192627, 67.71915, 181.61652], rel=1e-6)
    elsewhere = lines["exact, not seen on the first sheet"]
    assert elsewhere == pytest.approx([104.01516, 178.33724], rel=1e-6)
    [hollow] = [x for x in figure.axes[0].get_lines() if x.get_label() == "exact, not seen on the first sheet"]
    assert hollow.get_markerfacecolor() == "none"


def test_a_series_with_an_equation():
    lines = drawn(plot_borel(FormalSeries.from_ode("x^3*y'' + (x^2 + x)*y' - y = 0", [0, 1], terms=30)))
    assert lines["exact, singular on the first sheet"] == pytest.approx([-1])


def test_poles_have_no_cut():
    lines = drawn(plot_borel(models.stirling.series(60)))
    assert "cut" not in lines
    assert lines["exact, singular on the first sheet"][:2] == pytest.approx([2j * math.pi, -2j * math.pi])
    assert lines["circle of convergence"][0] == pytest.approx(2 * math.pi)


def test_a_series_without_a_closed_form():
    series = FormalSeries(models.cubic.series(60).terms, name="mine")
    figure = plot_borel(series.borel())
    lines = drawn(figure)
    assert "mine" in figure.axes[0].get_title()
    assert lines["from the coefficients alone"] == pytest.approx([1 / 6])
    assert lines["cut"][0] == pytest.approx(1 / 6)
    assert not any(label.startswith("exact") for label in lines)


def test_froissart_doublets_are_told_apart():
    rng = np.random.default_rng(0)
    noisy = [math.factorial(n) * (1 + 1e-8 * rng.standard_normal()) for n in range(25)]
    exact = FormalSeries([int(a * 2**40) for a in noisy])
    figure = plot_borel(exact)
    lines = drawn(figure)
    assert np.min(np.abs(lines["poles of the [12/12] Padé approximant"] - 1)) < 1e-5
    assert len(lines["Froissart doublets"]) >= 6
    [hollow] = [x for x in figure.axes[0].get_lines() if x.get_label() == "Froissart doublets"]
    assert hollow.get_markerfacecolor() == "none"
    assert to_rgba(hollow.get_markeredgecolor()) == to_rgba(GREY)


def test_inexact_coefficients_give_poles_of_a_lower_order():
    series = FormalSeries([float(a) for a in models.quartic.series(41)])
    [label] = [label for label in drawn(plot_borel(series)) if label.startswith("poles of the")]
    order = int(label.split("[")[1].split("/")[0])
    assert 1 <= order < 20


@pytest.mark.parametrize("coefficients", [[1], [1, 1], [1.0, 2.0, 6.0], [0, 0, 0], [1, 0, 0, 0, 0]])
def test_little_to_draw_is_drawn(coefficients):
    lines = drawn(plot_borel(FormalSeries(coefficients)))
    assert "ray of summation" in lines
    assert "from the coefficients alone" not in lines


def test_axes_are_labelled_and_the_legend_is_outside(quartic):
    figure = plot_borel(quartic)
    [axes] = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Re z", "Im z")
    assert axes.get_legend() is None
    [legend] = figure.legends
    figure.canvas.draw()
    assert legend.get_window_extent().y1 <= axes.get_window_extent().y0
    assert "quartic" in axes.get_title()


@pytest.mark.parametrize(("suffix", "magic"), [(".png", PNG), (".pdf", b"%PDF"), (".svg", b"<?xml"), (".PNG", PNG)])
def test_files(quartic, tmp_path, suffix, magic):
    path = tmp_path / f"borel{suffix}"
    plot_borel(quartic, path)
    assert path.read_bytes().startswith(magic)
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_no_other(quartic, tmp_path, monkeypatch):
    path = tmp_path / "borel.png"
    path.write_text("old")

    def fail(self, target, **_):
        target.write_text("half a picture")
        raise OSError("disk full")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        plot_borel(quartic, path)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_a_name_is_no_formula(tmp_path):
    plot_borel(FormalSeries([1, 1, 2], name=r"a_1 $\nonsense"), tmp_path / "x.png")


def test_a_figure_shows_itself_in_a_notebook(quartic):
    assert plot_borel(quartic)._repr_png_().startswith(PNG)


def test_pyplot_is_left_alone():
    code = (
        "import sys, math; from resurgence.plotting import plot_borel; from resurgence.series import FormalSeries; "
        "plot_borel(FormalSeries.from_function(math.factorial, 20)); print('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


@pytest.mark.parametrize(
    ("arguments", "error", "reason"),
    [
        (("quartic",), TypeError, "draws a Verification"),
        ((FormalSeries([1, 1]), "borel.gif"), ValueError, "ending in .png, .pdf, .svg"),
        ((FormalSeries([1, 1]), "nowhere/borel.png"), ValueError, "folder that does not exist"),
    ],
)
def test_what_cannot_be_drawn(arguments, error, reason):
    with pytest.raises(error, match=reason):
        plot_borel(*arguments)


def test_bad_numbers_are_refused(tmp_path):
    series = FormalSeries([1, 1, 2])
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ValueError, match="is a folder"):
        plot_borel(series, tmp_path / "folder.png")
    for direction in (math.nan, math.inf):
        with pytest.raises(ValueError, match="direction must be a finite angle"):
            plot_borel(series, direction=direction)
    for extent in (0, -1, math.nan, math.inf):
        with pytest.raises(ValueError, match="extent must be a positive number"):
            plot_borel(series, extent=extent)


def test_sums_approach_the_exact_value():
    figure = plot_sums(models.cubic, ["1/50", "1/10"], terms=40, side="above")
    lines = drawn(figure)
    partial, pade = lines["partial sums, g = 1/50"], lines["Borel-Padé sums, g = 1/50"]
    assert list(partial.real) == list(range(1, 41))
    # exact: Phi(1/50) from the model, a_0 = 1 and a_0 + a_1/50 with a_1 = 5/6
    series, exact = models.cubic.series(2), models.cubic.exact("1/50", 40, side="above")
    phi = complex(exact) / math.sqrt(2 * math.pi / 50)
    assert (series[1], series.exponent) == (Fraction(5, 6), Fraction(1, 2))
    assert partial[0].imag == pytest.approx(abs(1 / phi - 1))
    assert partial[1].imag == pytest.approx(abs((1 + 5 / 300) / phi - 1))
    assert np.argmin(partial.imag) < 12  # they turn back at their smallest term
    assert np.min(partial.imag) > 1e-6
    assert pade[-1].imag < 1e-12
    stated = lines["error stated (thin lines)"]
    assert np.all(stated.imag > pade.imag)
    assert figure.axes[0].get_yscale() == "log"


def test_sums_into_a_file(tmp_path):
    plot_sums(models.quartic, [0.1], tmp_path / "sums.png", terms=12)
    assert (tmp_path / "sums.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "reason"),
    [
        (("quartic", ["1/10"]), {}, TypeError, "draws a Model"),
        ((models.quartic, []), {}, ValueError, "one to 4 couplings"),
        ((models.quartic, [1, 2, 3, 4, 5]), {}, ValueError, "one to 4 couplings"),
        ((models.quartic, [1]), {"terms": 5}, ValueError, "between 12 and 400"),
        ((models.quartic, [1], "x.gif"), {}, ValueError, "ending in"),
        ((models.euler, [1]), {}, ValueError, "side"),
        ((models.quartic, [0]), {}, ValueError, "g must not be zero"),
    ],
)
def test_sums_that_cannot_be_drawn(arguments, options, error, reason):
    with pytest.raises(error, match=reason):
        plot_sums(*arguments, **options)
