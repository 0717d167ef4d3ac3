"""The demonstration: that it shows what it says, and writes its pictures."""

from resurgence import demo


def test_the_demonstration(tmp_path, capsys):
    out = tmp_path / "new" / "demo"
    assert demo.main(["--out", str(out)]) == 0
    shown = capsys.readouterr().out
    for told in (
        "Euler's series",
        "quartic oscillator",
        "Himmelblau's function",
        "refuted",
        "13.3119262704",
        "0.5293924302",
        "0.696175820765",
    ):
        assert told in shown
    assert shown.count(": verified") == 3
    names = sorted(path.name for path in out.iterdir())
    assert names == [
        "borel_euler.png",
        "borel_himmelblau.png",
        "borel_quartic.png",
        "hyperasymptotics_quartic.png",
        "sums_quartic.png",
    ]
