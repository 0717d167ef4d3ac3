"""Conversions, enclosures, and the promise that the caller's precision is left alone."""

import math
import threading
from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest
import sympy
from flint import acb, arb, fmpq, fmpz
from hypothesis import given
from hypothesis import strategies as st

from resurgence.numbers import (
    Enclosure,
    ball,
    bits_for,
    check_digits,
    enclosure,
    is_exact_zero,
    midpoint,
    radius,
    rational,
    working_precision,
)

fractions = st.fractions(min_value=-1000, max_value=1000, max_denominator=10**6)


@given(fractions)
def test_every_way_of_writing_a_rational_gives_the_same_number(x):
    exact = fmpq(x.numerator, x.denominator)
    assert rational(x) == exact
    assert rational(exact) == exact
    assert rational(sympy.Rational(x.numerator, x.denominator)) == exact
    assert rational(f"{x.numerator}/{x.denominator}") == exact
    with working_precision(300):
        assert ball(x, 100).contains(exact)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_the_binary_fraction_it_is(x):
    assert Fraction(int(rational(x).p), int(rational(x).q)) == Fraction(x)
    assert rational(np.float64(x)) == rational(mpmath.mpf(x)) == rational(x)


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        (3, fmpq(3)),
        (fmpz(3), fmpq(3)),
        (np.int64(-7), fmpq(-7)),
        ("-0.25", fmpq(-1, 4)),
        ("3e-2", fmpq(3, 100)),
        (" 1.5 / 2.5 ", fmpq(3, 5)),
        (sympy.Float("0.5"), fmpq(1, 2)),
        (2 + 0j, fmpq(2)),
        (mpmath.mpc(2, 0), fmpq(2)),
        (1j, None),
        (mpmath.mpc(0, 1), None),
        ("1/2+3j", None),
        (sympy.sqrt(2), None),
        (arb(1), None),
    ],
)
def test_rational(given_value, expected):
    assert rational(given_value) == expected


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), mpmath.nan, mpmath.inf, sympy.nan, sympy.oo, sympy.zoo])
def test_what_is_not_finite_is_refused(bad):
    with pytest.raises(ValueError, match="finite number"):
        rational(bad)
    with pytest.raises(ValueError, match="finite number"):
        ball(bad, 53)


@pytest.mark.parametrize("bad", [complex("nan"), complex(0, math.inf), mpmath.mpc(0, "inf"), arb("nan"), acb("inf")])
def test_what_is_not_finite_and_complex_is_refused(bad):
    with pytest.raises(ValueError, match="finite number"):
        ball(bad, 53)


@pytest.mark.parametrize("bad", [None, True, [], object(), sympy.Symbol("x"), b"1"])
def test_what_is_not_a_number_is_refused(bad):
    with pytest.raises(TypeError, match="a number is needed"):
        ball(bad, 53)


@pytest.mark.parametrize(
    "bad", ["", "abc", "1+", "1 2", "2j3", "__import__('os')", "nan", "inf", "1e", "0x10", "1/2/3", "1/2j/3"]
)
def test_text_that_is_no_number_is_refused(bad):
    with pytest.raises(ValueError, match="is not a number"):
        ball(bad, 53)


@pytest.mark.parametrize("bad", ["1/0", "1/0j", "i/0", "1e999999999", "1/1e99999999999999"])
def test_numbers_that_cannot_be_are_refused(bad):
    with pytest.raises(ValueError, match=r"division by zero|exponent|not a number"):
        ball(bad, 53)


@pytest.mark.parametrize(
    ("text", "z"),
    [
        ("i", 1j),
        ("-2i", -2j),
        ("1/2+3/4j", 0.5 + 0.75j),
        (" 2 - I ", 2 - 1j),
        ("1e2+0.5*i", 100 + 0.5j),
        ("3j/4", 0.75j),
        ("10j", 10j),
        ("1/2 - 3 i / 4", 0.5 - 0.75j),
        ("1/4j", 0.25j),
    ],
)
def test_complex_text(text, z):
    assert ball(text, 53).contains(acb(z))


@pytest.mark.parametrize(
    "expr",
    [
        sympy.sqrt(2) * sympy.I * sympy.pi**2 / 3,
        sympy.exp(-sympy.Rational(1, 3)) + sympy.E,
        sympy.gamma(sympy.Rational(1, 4)) / sympy.log(5),
        sympy.cos(sympy.pi / 7) ** sympy.Rational(2, 3) - sympy.sin(1),
        1 / sympy.sqrt(sympy.Integer(3)),
        sympy.CRootOf(sympy.Symbol("t") ** 5 - sympy.Symbol("t") + 1, 3),
    ],
)
@pytest.mark.parametrize("bits", [40, 180])
def test_sympy_constants_are_enclosed(expr, bits):
    value = ball(expr, bits)
    re_part, im_part = sympy.N(expr, 60).as_real_imag()
    with working_precision(240):
        parts = [arb(mpmath.mp.make_mpf(sympy.Float(part, 60)._mpf_)) for part in (re_part, im_part)]
        exact = acb(*parts)
        assert abs(value - exact) < arb(2) ** -(bits - 12)


def test_a_function_that_is_not_understood_is_refused():
    with pytest.raises(TypeError, match="not among the constants"):
        ball(sympy.zeta(3), 53)


def test_a_root_among_close_ones_is_told_apart():
    t = sympy.Symbol("t")
    poly = sympy.Poly((10**12 * t - 1) * (10**12 * t - 2) * (t**3 - 2) * (t**2 + 1) + 1, t)
    roots = [sympy.CRootOf(poly, k) for k in range(3)]
    balls = [ball(r, 200) for r in roots]
    assert not balls[0].overlaps(balls[1])
    assert all(abs(complex(b) - complex(r.evalf(20))) < 1e-15 for b, r in zip(balls, roots, strict=True))


def test_an_mpf_of_absurd_size_is_refused_before_it_fills_the_memory():
    with pytest.raises(ValueError, match="too large or too small"):
        rational(mpmath.mpf(2) ** (10**9))


# -- enclosures -------------------------------------------------------------------------------------------------------


@given(fractions, fractions, st.integers(20, 400))
def test_an_enclosure_of_a_ball_contains_what_the_ball_contains(x, y, bits):
    with working_precision(bits):
        z = acb(fmpq(x.numerator, x.denominator), fmpq(y.numerator, y.denominator)).exp()
    e = enclosure(z, "certified")
    with working_precision(bits + 60):
        truth = acb(fmpq(x.numerator, x.denominator), fmpq(y.numerator, y.denominator)).exp()
    assert e.contains(truth)
    assert e.contains(enclosure(truth, "certified"))


@given(st.floats(-1e6, 1e6), st.floats(1e-12, 1.0))
def test_contains_is_the_distance_test(x, error):
    e = Enclosure(mpmath.mpc(x), mpmath.mpf(error), "estimated")
    assert e.contains(x)
    assert e.contains(Fraction(x) + Fraction(error) * Fraction(99, 100))
    assert not e.contains(Fraction(x) + Fraction(error) * Fraction(101, 100))
    assert not e.contains(complex(x, 1.01 * error))


def test_the_error_of_the_method_is_added():
    e = enclosure(arb(1, 0.25), "estimated", "why", mpmath.mpf(0.5))
    assert 0.75 <= e.error < 0.7500001
    assert e.method == "why"
    assert midpoint(arb(1, 0.25)) == 1
    assert radius(acb(1)) == 0


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.25, 1e-3, "0.250 ± 1.0e-3 (estimated)"),
        (1 + 2j, 1e-4, "1.0000 + 2.0000j ± 1.0e-4 (estimated)"),
        (1 - 2j, 0.5, "1. - 2.j ± 5.0e-1 (estimated)"),
        (2j, 1e-3, "2.000j ± 1.0e-3 (estimated)"),
        (3, 0, "3.000000000000000 (estimated)"),
    ],
)
def test_text(value, error, text):
    assert str(Enclosure(mpmath.mpc(value), mpmath.mpf(error), "estimated")) == text


def test_latex_dict_and_numbers():
    e = Enclosure(mpmath.mpc(1, 2), mpmath.mpf("1e-30"), "certified", "m")
    assert r"10^{-30}" in e._repr_latex_()
    assert r"\,i" in e._repr_latex_()
    assert e.to_dict() == {"real": "1.0", "imag": "2.0", "error": "1.0e-30", "status": "certified", "method": "m"}
    assert complex(e) == 1 + 2j
    assert e.digits == 30


@pytest.mark.parametrize("error", [mpmath.mpf(-1), mpmath.nan])
def test_enclosures_refuse_impossible_errors(error):
    with pytest.raises(ValueError, match="an enclosure needs"):
        Enclosure(mpmath.mpc(1), error, "estimated")


def test_enclosures_refuse_other_words():
    with pytest.raises(ValueError, match="status must be one of"):
        Enclosure(mpmath.mpc(1), mpmath.mpf(0), "surely")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("digits", "error"), [(0, ValueError), (10**6, ValueError), (2.5, TypeError), (True, TypeError)]
)
def test_digits(digits, error):
    with pytest.raises(error, match="digits must"):
        check_digits(digits)
    assert check_digits(np.int64(20)) == 20
    assert bits_for(30) >= 100


def test_exact_zero():
    assert is_exact_zero(fmpq(0))
    assert is_exact_zero(acb(0))
    assert not is_exact_zero(acb(0, arb(0, 1e-300)))


# -- the caller's precision -------------------------------------------------------------------------------------------


def test_precision_and_cap_come_back():
    before = flint.ctx.prec, flint.ctx.cap
    with working_precision(1234, terms=77):
        assert (flint.ctx.prec, flint.ctx.cap) == (1234, 77)
        with working_precision(99):
            assert (flint.ctx.prec, flint.ctx.cap) == (99, 77)
        assert flint.ctx.prec == 1234
    assert (flint.ctx.prec, flint.ctx.cap) == before


def test_precision_comes_back_after_an_exception():
    before = flint.ctx.prec
    with pytest.raises(ZeroDivisionError), working_precision(500):
        1 / fmpq(0)
    assert flint.ctx.prec == before
    with pytest.raises(ValueError, match="at least 2 bits"), working_precision(1):
        pass
    assert flint.ctx.prec == before


def test_threads_take_turns():
    wrong = []

    def work(bits: int) -> None:
        for _ in range(200):
            with working_precision(bits):
                third = arb(1) / 3
                if flint.ctx.prec != bits or abs(third.rel_accuracy_bits() - bits) > 3:
                    wrong.append(bits)

    before = flint.ctx.prec
    threads = [threading.Thread(target=work, args=(bits,)) for bits in (60, 600, 6000, 200)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
    assert flint.ctx.prec == before


def test_imaginary_parts_are_shown_with_all_their_digits():
    """Also where mpmath's global precision is that of a double."""
    with working_precision(200):
        value = enclosure(acb(fmpq(1, 3), fmpq(-4, 5)), "certified", "")
    assert f"0.{'3' * 40}" in str(value)
    assert f" - 0.8{'0' * 40}" in str(value)
