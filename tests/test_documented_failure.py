"""What the large-order methods cannot do, and that they say so: the wrong number of saddles, no saddle, noise."""

import math
import random
from fractions import Fraction

import pytest
from flint import acb, arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from resurgence import models
from resurgence.large_order import ratio_limit
from resurgence.large_order_relation import SaddleCountError, neighbouring_sectors
from resurgence.numbers import ball, working_precision
from resurgence.series import FormalSeries


def contains(enclosure, number):
    with working_precision(500):
        value = acb(arb(enclosure.value.real), arb(enclosure.value.imag))
        return not abs(value - ball(number, 500)) > arb(enclosure.error)


def pair(cosine, terms):
    """a_n = n! b_n with B(z) = 1/(1 - 2 cos z + z^2): poles on the unit circle, at angles that are no part of pi."""
    b = [Fraction(1), 2 * cosine]
    while len(b) < terms:
        b.append(2 * cosine * b[-1] - b[-2])
    return FormalSeries([math.factorial(n) * x for n, x in enumerate(b[:terms])])


# -- too few saddles ---------------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.sampled_from([Fraction(3, 5), Fraction(-4, 5), Fraction(1, 3), Fraction(9, 10)]), st.integers(24, 60))
def test_one_saddle_for_a_complex_pair(cosine, terms):
    with pytest.raises(SaddleCountError, match=r"of one modulus, are 2") as caught:
        neighbouring_sectors(pair(cosine, terms), 10, saddles=1)
    error = caught.value
    assert (error.saddles, len(error.singularities)) == (1, 2)
    assert error.unexplained > 0.1
    for point, sign in zip(error.singularities, (1, -1), strict=True):
        assert abs(complex(point.location) - complex(float(cosine), sign * math.sqrt(1 - cosine**2))) < 1e-6
    with pytest.raises(ValueError, match=r"do not settle|not known well enough|is zero"):
        ratio_limit(pair(cosine, terms))


def test_two_saddles_for_it():
    sectors = neighbouring_sectors(pair(Fraction(3, 5), 40), 15, saddles=2)
    assert len(sectors) == 2
    for sector in sectors:
        # The residue of B at A, times -2 pi i: K = 1/(2 - 2 A cos) at A, S = 2 pi i K A.
        a = complex(sector.action.value)
        expected = 2j * math.pi * a / (2 - 1.2 * a)
        assert abs(complex(sector.stokes_constant.value) - expected) < 1e-12
        assert sector.stokes_constant.digits >= 15


def test_one_saddle_for_a_symmetric_pair():
    with pytest.raises(SaddleCountError, match="1 saddle cannot describe") as caught:
        neighbouring_sectors(models.stirling.series(60), 10, saddles=1)
    assert {round(complex(p.location).imag, 6) for p in caught.value.singularities} == {6.283185, -6.283185}
    assert caught.value.unexplained > 0.1


def test_one_of_two_moduli_is_a_fair_question():
    """Poles at 1 and -2: one saddle alone is a fit whose error is honest, 2^-n."""
    series = FormalSeries([math.factorial(n) * (1 + Fraction(-1, 2) ** n) for n in range(40)])
    [alone] = neighbouring_sectors(series, 15, saddles=1)
    assert contains(alone.action, 1)
    assert abs(complex(alone.stokes_constant.value) - 2j * math.pi) <= float(alone.stokes_constant.error)
    both = neighbouring_sectors(series, 15)
    assert len(both) == 2
    assert both[0].stokes_constant.error < alone.stokes_constant.error


@pytest.mark.parametrize("at", [[1], [2, -2], [Fraction(-1, 2)]])
def test_saddles_that_are_not_there(at):
    with pytest.raises(ValueError, match="of the late coefficients unexplained"):
        neighbouring_sectors(pair(Fraction(3, 5), 60), at=at, exponents=[-1] * len(at))


# -- no saddle ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "coefficient",
    [lambda n: Fraction(1, n + 1), lambda n: Fraction(1, math.factorial(n)), lambda n: 2**n, lambda n: (n + 1) ** 5],
)
def test_a_convergent_series_has_no_neighbours(coefficient):
    with pytest.raises(ValueError, match="slower than n!: the series converges"):
        neighbouring_sectors(FormalSeries.from_function(coefficient, 60))


@pytest.mark.parametrize("coefficient", [lambda n: math.factorial(2 * n), lambda n: (-1) ** n * math.factorial(n) ** 2])
def test_a_gevrey_2_series_has_radius_zero(coefficient):
    with pytest.raises(ValueError, match=r"grow like n!\^2\.0.*power of g in which it is Gevrey-1"):
        neighbouring_sectors(FormalSeries.from_function(coefficient, 60))


def test_a_polynomial_has_no_neighbours():
    with pytest.raises(ValueError, match=r"at least 12 coefficients|no Borel singularity"):
        neighbouring_sectors(FormalSeries([1, 2, 3] + [0] * 60))


def test_random_numbers_have_no_neighbours():
    draw = random.Random(1)
    series = FormalSeries([draw.choice((-1, 1)) * draw.randint(1, 9) * math.factorial(n) for n in range(60)])
    with pytest.raises(ValueError, match=r"no Borel singularity shows|do not settle"):
        neighbouring_sectors(series)


# -- noise -------------------------------------------------------------------------------------------------------------


def noisy(model, terms, size, seed, declared):
    """Coefficients that are off by up to ``size``, relatively; as balls that say so, or as rationals that do not."""
    draw, found = random.Random(seed), []
    for a in model.series(terms).coefficients:
        moved = a * (1 + size * Fraction(draw.randint(-(10**9), 10**9), 10**9))
        exact = fmpq(moved.numerator, moved.denominator)
        if not declared:
            found.append(exact)
            continue
        with working_precision(400):
            middle = arb(exact).mid()
            found.append(acb(arb(middle, (abs(middle) * fmpq(1001 * size.numerator, 1000 * size.denominator)).upper())))
    return FormalSeries(found)


MODELS = [models.quartic, models.cubic, models.euler, models.stirling]
SMALL = Fraction(1, 10**20)


@settings(max_examples=12)
@given(st.sampled_from(MODELS), st.sampled_from([40, 60]), st.integers(0, 1000), st.booleans())
def test_noise_degrades_the_answer_and_its_error_together(model, terms, seed, declared):
    try:
        sectors = neighbouring_sectors(noisy(model, terms, SMALL, seed, declared), 25, corrections=1)
    except ValueError:
        assert not declared  # noise that is not declared may be refused, noise that is declared is not
        return
    assert sectors
    for sector in sectors:
        exact = min(model.first_singularities(8), key=lambda s: abs(complex(s.location) - complex(sector.action.value)))
        assert contains(sector.action, exact.location)
        assert contains(sector.stokes_constant, exact.stokes_constant)
        # Better than the noise cannot be, and is not claimed.
        assert sector.stokes_constant.error > 1e-21


@pytest.mark.parametrize("model", [models.quartic, models.euler], ids=lambda m: m.name)
@pytest.mark.parametrize("declared", [True, False])
def test_more_noise_is_more_error(model, declared):
    errors = [
        float(neighbouring_sectors(noisy(model, 60, size, 3, declared), 25)[0].stokes_constant.error)
        for size in (Fraction(1, 10**60), Fraction(1, 10**30), SMALL)
    ]
    assert errors[0] < errors[1] / 10 < errors[2] / 100
