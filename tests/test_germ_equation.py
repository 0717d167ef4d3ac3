"""Coefficients that follow from the given ones, and the Stokes constants that they tell."""

import math
import random

import flint
import pytest
from flint import acb, arb, fmpq

from resurgence.darboux import Source, is_certain, stokes_constants
from resurgence.germ_equation import later_constants, predicted_coefficients
from resurgence.numbers import working_precision


def provider(coefficients):
    """Real coefficients to any number of bits."""

    def terms(bits):
        with working_precision(bits):
            return [arb(c) for c in coefficients]

    return terms


def quartic(terms):
    """2F1(1/4, 3/4; 1; -4z)."""
    b = [fmpq(1)]
    for n in range(terms - 1):
        b.append(b[-1] * -4 * (fmpq(1, 4) + n) * (fmpq(3, 4) + n) / (n + 1) ** 2)
    return b


def sheets(shift, terms):
    """1/(shift + sqrt(1 - z)): the pole at 1 - shift^2 is on the first sheet where shift is negative."""
    root = [fmpq(1)]
    for n in range(terms - 1):
        root.append(root[-1] * (n - fmpq(1, 2)) / (n + 1))
    root[0] += shift
    b = [1 / root[0]]
    for n in range(1, terms):
        b.append(-sum((root[k] * b[n - k] for k in range(1, n + 1)), fmpq(0)) / root[0])
    return b


def source(location, exponent, error=0):
    with working_precision(900):
        return Source(acb(location), arb(error), acb(exponent), arb(0))


def constants(coefficients, sources, recognised=None):
    """Before and after."""
    terms = provider(coefficients)
    with working_precision(900):
        samples = [[acb(b) for b in terms(900)]]
        before = stokes_constants(samples, sources, 20)
        return before, later_constants(terms, sources, recognised or [True] * len(sources), before, 20)


# -- prediction --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [14, 30, 90])
def test_what_is_predicted_is_what_comes(given):
    exact = quartic(500)
    first, second = predicted_coefficients(provider(exact[:given]), 500)
    assert len(first) == len(second) == 500
    with working_precision(400):
        for b in (first, second):
            assert all(abs(b[n] / exact[n] - 1) < arb(2) ** -250 for n in (given, 300, 499))


def test_complex_coefficients():
    """1/sqrt(1 - i z)."""

    def terms(bits):
        with working_precision(bits):
            return [fmpq(math.comb(2 * n, n), 4**n) * acb(0, 1) ** n for n in range(16)]

    first, _ = predicted_coefficients(terms, 200)
    with working_precision(200):
        assert abs(first[199] / (fmpq(math.comb(398, 199), 4**199) * acb(0, -1)) - 1) < arb(2) ** -180


def test_other_sheets_cost_bits():
    """A root of the recurrence that is no singularity of the first sheet: errors grow by 25/9 with each step."""
    exact = sheets(fmpq(4, 5), 350)  # on the second sheet, at 9/25
    first, _ = predicted_coefficients(provider(exact[:40]), 350)
    with working_precision(300):
        assert abs(first[349] / exact[349] - 1) < arb(2) ** -200


@pytest.mark.parametrize("given", [8, 20, 40])
def test_nothing_is_predicted_where_there_is_no_law(given):
    draw = random.Random(given)
    assert predicted_coefficients(provider([draw.randint(-99, 99) for _ in range(given)]), 200) is None
    assert predicted_coefficients(provider([0] * given), 200) is None


def test_a_germ_without_a_linear_equation():
    """tan: infinitely many poles. Its coefficients follow no recurrence, however well approximants fit them."""
    b = [fmpq(0), fmpq(1)]
    for n in range(1, 60):
        b.append(sum((b[k] * b[n - k] for k in range(n + 1)), fmpq(0)) / (n + 1))
    odd = b[1::2]
    assert predicted_coefficients(provider(odd), 200) is None


def test_too_many_bits():
    """The second sheet has its pole at 10^-4: to follow the first for 3000 steps takes 40000 bits."""
    exact = sheets(fmpq(9999, 10000), 30)
    assert predicted_coefficients(provider(exact), 3000) is None


def test_precision_is_put_back():
    before = flint.ctx.prec
    predicted_coefficients(provider(quartic(20)), 60)
    assert flint.ctx.prec == before


# -- Stokes constants --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [fmpq(1, 5), fmpq(1, 10), fmpq(1, 20)])
@pytest.mark.parametrize("terms", [20, 40, 100])
def test_a_pole_behind_the_branch_point(shift, terms):
    """At 1 - shift^2 but on the second sheet: Darboux's expansion at 1 converges from n ~ 1/shift^2 on."""
    sources = [source(1 - shift**2, -1), source(1, fmpq(1, 2))]
    (_, before), (pole, after) = constants(sheets(shift, terms), sources)
    assert terms == 100 or before is None or not is_certain(before)
    assert pole is None or not is_certain(pole)
    assert is_certain(after)
    with working_precision(200):
        # K = -1/shift^2, Gamma(-1/2) = -2 sqrt(pi)
        exact = acb(0, 1) * arb.pi().sqrt() / shift**2
        assert abs(after[0] - exact) <= after[1] < arb(10) ** -6 * abs(exact)


def test_a_pole_in_front_of_the_branch_point():
    """The same on the first sheet: both are found. Residue of the pole: 2 shift."""
    sources = [source(fmpq(24, 25), -1), source(1, fmpq(1, 2))]
    _, (pole, branch) = constants(sheets(fmpq(-1, 5), 40), sources)
    with working_precision(200):
        # 1/(sqrt(1 - z) - h) = -2h/(z - A) + ..., K = 2h/A with S = 2 pi i K A
        assert abs(pole[0] - 2 * acb.pi() * acb(0, 1) * fmpq(2, 5)) <= pole[1]
        assert is_certain(pole)
        assert abs(branch[0] - 25 * acb(0, 1) * arb.pi().sqrt()) <= branch[1]
        assert is_certain(branch)


def test_what_is_certain_is_left_alone():
    before, after = constants(quartic(60), [source(fmpq(-1, 4), 0)])
    assert after == before


@pytest.mark.parametrize(("recognised", "error"), [(False, 0), (True, 1e-6)])
def test_points_that_are_not_well_known_are_left_alone(recognised, error):
    sources = [source(fmpq(99, 100), -1, error), source(1, fmpq(1, 2), error)]
    before, after = constants(sheets(fmpq(1, 10), 30), sources, [recognised] * 2)
    assert after == before


def test_points_further_out_are_left_alone():
    """The quartic's germ is regular at 1: nothing is predicted for its sake."""
    sources = [source(fmpq(-1, 4), 0), source(1, 0)]
    before, after = constants(quartic(60), sources)
    assert after == before


def test_an_apparent_singularity_is_silent():
    """Closer to the origin than the branch point, and without a share in the coefficients."""
    sources = [source(fmpq(1, 5), 0), source(fmpq(-1, 4), 0)]
    _, (apparent, true) = constants(quartic(16), sources)
    assert apparent is None or not is_certain(apparent)
    assert is_certain(true)


def test_contradictions_are_dropped():
    """A constant that claims to be certain and is wrong."""
    sources = [source(fmpq(99, 100), -1), source(1, fmpq(1, 2))]
    wrong = (acb(0, 100), arb(2))
    with working_precision(900):
        after = later_constants(provider(sheets(fmpq(1, 10), 30)), sources, [True, True], [None, wrong], 20)
    assert after[1] is None


def test_sources_that_explain_nothing():
    """The germ's branch point is missing: what is left does not account for the coefficients."""
    sources = [source(fmpq(4, 5), 0)]
    with working_precision(900):
        assert later_constants(provider(sheets(fmpq(1, 10), 30)), sources, [True], [None], 20) == [None]
