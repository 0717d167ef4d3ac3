"""Series from files, and what is said about files that are none."""

import json
from fractions import Fraction

import pytest
import sympy

from resurgence import coefficient_file
from resurgence.coefficient_file import read_coefficients


@pytest.fixture
def write(tmp_path):
    def write(content, name="series.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_a_column_of_numbers(write):
    series = read_coefficients(write("# a table\n1\n\n -3/4  # the next\n3.28\n1/2+3j\r\n"))
    assert series.name == "series.txt"
    assert len(series) == 4
    assert series[:2] == (1, Fraction(-3, 4))
    assert series[2].contains("3.2849")
    assert not series[2].contains("3.286")
    assert complex(series.balls(64)[3]) == 0.5 + 3j


def test_json_lists_and_objects(write):
    assert read_coefficients(write('[1, "-3/4", 105, "1/2"]')).coefficients == (1, Fraction(-3, 4), 105, Fraction(1, 2))
    content = {"coefficients": [1, -0.75], "action": "1/3", "exponent": 0.5, "name": "mine"}
    series = read_coefficients(write(json.dumps(content)))
    assert (series.action, series.exponent, series.name) == (sympy.Rational(1, 3), Fraction(1, 2), "mine")
    assert float(series[1].error) == pytest.approx(0.005, rel=1e-6)


def test_integers_of_any_size(write):
    digits = "7" * 5000
    (coefficient,) = read_coefficients(write(f"[{digits}]")).terms
    assert coefficient.q == 1
    assert len(str(coefficient)) == 5000


def test_a_byte_order_mark_is_no_coefficient(write):
    assert read_coefficients(write(b"\xef\xbb\xbf1\n2\n")).coefficients == (1, 2)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "holds no coefficients"),
        ("# nothing\n\n", "holds no coefficients"),
        ("[]", "holds no coefficients"),
        ("1\n2 3\n", "line 2: '2 3' is not a number"),
        ("1\nnan\n", "line 2: 'nan' is not a number"),
        ("1\n1/0\n", "line 2: division by zero"),
        ("[1, NaN]", "entry 1: 'NaN' is not a number"),
        ("[1, null]", "entry 1: a number or its text is needed, got null"),
        ("[1, [2]]", "entry 1: a number or its text is needed"),
        ("[1, 2", "line 1, is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"coefficients": 3}', "a list of numbers"),
        ('{"coeffs": [1]}', "has the key 'coeffs'"),
        ('{"coefficients": [1], "action": [1]}', "'action' must be a number or a text"),
        ('{"coefficients": [1], "exponent": "x"}', "is not a number"),
        (b"\x89PNG\r\n\xff", "is not a text file"),
    ],
)
def test_what_is_no_file_of_coefficients(write, content, reason):
    with pytest.raises(ValueError, match=reason):
        read_coefficients(write(content))


def test_limits(write, monkeypatch):
    monkeypatch.setattr(coefficient_file, "MAX_COEFFICIENTS", 3)
    with pytest.raises(ValueError, match="holds 4 coefficients, at most 3"):
        read_coefficients(write("1\n2\n3\n4\n"))
    monkeypatch.setattr(coefficient_file, "MAX_BYTES", 2**20)
    with pytest.raises(ValueError, match="more than 1 MiB"):
        read_coefficients(write("1\n" * 2**20))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        read_coefficients(tmp_path / "missing.txt")
