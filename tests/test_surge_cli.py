"""The surge command says what it cannot do yet."""

import pytest

from surge.cli import main


def test_says_that_there_are_no_commands_yet(capsys):
    assert main([]) == 2
    assert "not part of this release" in capsys.readouterr().err


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith("surge ")
