"""Frobenius bases and power series, against closed forms, other formulas and what the equation demands of them."""

import math
from fractions import Fraction

import pytest
from flint import acb, acb_mat, acb_series, arb, fmpq, fmpq_poly, fmpz_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from resurgence import frobenius
from resurgence.algebraic import NumberField
from resurgence.differential_operator import DifferentialOperator
from resurgence.frobenius import LocalBasis, PowerSeriesGerm
from resurgence.numbers import working_precision
from resurgence.singular_points import local_theta_form

BITS = 120
MORE = BITS + 200

rationals = st.builds(Fraction, st.integers(-9, 9), st.integers(1, 6))
positive = st.builds(Fraction, st.integers(1, 15), st.integers(1, 6))
directions = st.builds(complex, st.floats(-1, 1), st.floats(-1, 1)).filter(lambda z: abs(z) > 0.05)
lengths = st.sampled_from([0.01, 0.2, 0.5, 0.8])
sheets = st.integers(-2, 2)


def q(x):
    return fmpq(Fraction(x).numerator, Fraction(x).denominator)


def operator(*polynomials):
    """From coefficient lists over Q."""
    return DifferentialOperator([fmpq_poly([q(c) for c in p]) for p in polynomials])


def point(length, direction):
    """An exact complex number."""
    z = direction / abs(direction) * length
    return acb(z.real, z.imag)


def logarithm(t, sheet, bits=MORE):
    with working_precision(bits):
        return t.log() + 2 * acb.pi() * acb(0, sheet)


def power(log_t, exponent):
    return (log_t * q(exponent)).exp()


def assert_contains(value, truth, bits=BITS, size=1):
    """``value`` is a ball that meets the much narrower ball of the truth, and is narrow."""
    assert value.is_finite()
    assert value.overlaps(truth), f"{value} does not contain {truth}"
    assert value.rad() <= arb(2) ** -bits * (abs(truth).upper() + size)


def assert_same(first, second):
    assert all(a.overlaps(b) for a, b in zip(first.entries(), second.entries(), strict=True))


def assert_accurate(w, bits=BITS):
    for column in zip(*w.tolist(), strict=True):
        widest = max(float(c.rad() * arb(2) ** bits) for c in column)
        assert widest <= 1.01 * max(float(abs(c).upper()) for c in column)


def hypergeometric(a, b, c):
    """x(1-x) y'' + (c - (a+b+1) x) y' - a b y."""
    return operator([-a * b], [c, -(a + b + 1)], [0, 1, -1])


def theta_operator(lower, upper):
    """prod (theta - l) - x prod (theta + u)."""
    left, right = fmpq_poly([1]), fmpq_poly([-1])
    for number in lower:
        left *= fmpq_poly([-q(number), 1])
    for number in upper:
        right *= fmpq_poly([q(number), 1])
    return DifferentialOperator.from_theta_form([left, right])


def roots_of(polynomial):
    with working_precision(200):
        return [NumberField(polynomial, root).generator for root, _ in polynomial.complex_roots()]


# -- closed forms ------------------------------------------------------------------------------------------------------


@given(rationals, rationals, lengths, directions, sheets)
def test_power_times_power(a, b, length, direction, sheet):
    """t^a (1-t)^b, on every sheet of t^a."""
    t = point(length, direction)
    log_t = logarithm(t, sheet)
    w = LocalBasis(operator([-a, a + b], [0, 1, -1]), fmpq(0)).wronskian(t, BITS, log_t)
    with working_precision(MORE):
        assert_contains(w[0, 0], power(log_t, a) * ((1 - t).log() * q(b)).exp(), BITS - 2, 0)


@given(rationals, rationals, rationals, lengths, directions)
@settings(max_examples=60)
def test_hypergeometric_without_logarithms(a, b, c, length, direction):
    assume(c.denominator > 1)
    t = point(length, direction)
    basis = LocalBasis(hypergeometric(a, b, c), fmpq(0))
    w = basis.wronskian(t, BITS)
    assert_accurate(w)
    assert {s.exponent for s in basis.solutions} == {0, 1 - c}
    with working_precision(MORE):
        for k, solution in enumerate(basis.solutions):
            if solution.exponent == 0:
                assert solution.is_analytic
                value = t.hypgeom_2f1(q(a), q(b), q(c))
                slope = q(a * b / c) * t.hypgeom_2f1(q(a + 1), q(b + 1), q(c + 1))
            else:
                assert not solution.is_analytic
                e, f, g = a - c + 1, b - c + 1, 2 - c
                factor = power(t.log(), 1 - c)
                series = t.hypgeom_2f1(q(e), q(f), q(g))
                value = factor * series
                slope = factor * (q(e * f / g) * t.hypgeom_2f1(q(e + 1), q(f + 1), q(g + 1)) + q(1 - c) * series / t)
            assert w[0, k].overlaps(value)
            assert w[1, k].overlaps(slope)


@given(positive, positive, lengths, directions)
@settings(max_examples=40)
def test_hypergeometric_with_a_logarithm(a, b, length, direction):
    """DLMF 15.8.10: F(1-t) = -Gamma(a+b)/(Gamma(a) Gamma(b)) (y_2 + (psi(a) + psi(b) + 2 gamma) y_1) for c = 1."""
    t = point(length, direction)
    basis = LocalBasis(hypergeometric(a, b, Fraction(1)), fmpq(0))
    assert [(s.exponent, s.log_power, s.is_analytic) for s in basis.solutions] == [(0, 0, True), (0, 1, False)]
    w = basis.wronskian(t, BITS)
    assert_accurate(w)
    with working_precision(MORE):
        a, b = acb(q(a)), acb(q(b))
        other = (1 - t).hypgeom_2f1(a, b, a + b)
        shift = a.digamma() + b.digamma() + 2 * arb.const_euler()
        assert (-other * a.gamma() * b.gamma() / (a + b).gamma()).overlaps(w[0, 1] + shift * w[0, 0])
        assert w[0, 0].overlaps(t.hypgeom_2f1(a, b, acb(1)))


@given(st.integers(0, 6), st.sampled_from([0.1, 1.0, 7.5, 30.0]), directions)
@settings(max_examples=40)
def test_bessel_functions_of_integer_order(n, length, direction):
    """Exponents -n and n, with a logarithm; DLMF 10.2.2 and 10.8.1."""
    t = point(length, direction)
    basis = LocalBasis(operator([-n * n, 0, 1], [0, 1], [0, 0, 1]), fmpq(0))
    assert [s.exponent for s in basis.solutions] == ([-n, n] if n else [0, 0])
    assert [s.is_analytic for s in basis.solutions] == [False, True][:: 1 if n else -1]
    w = basis.wronskian(t, BITS)
    assert_accurate(w)
    regular, singular = (1, 0) if n else (0, 1)
    with working_precision(MORE + 100):
        scale = acb(2) ** -n / math.factorial(n)
        assert w[0, regular].overlaps(t.bessel_j(n) / scale)
        psi = sum((fmpq(1, k) for k in range(1, n + 1)), fmpq(0)) - 2 * arb.const_euler()  # psi(1) + psi(n + 1)
        share = (2 * acb(fmpq(1, 2)).log() - psi) / acb.pi() * scale
        lead = -math.factorial(n - 1) * acb(2) ** n / acb.pi() if n else 2 / acb.pi()
        assert t.bessel_y(n).overlaps(lead * w[0, singular] + share * w[0, regular])


@given(lengths, directions, sheets)
def test_exponents_that_differ_by_integers_without_logarithms(length, direction, sheet):
    """Bessel's equation of order 1/2: cos(t)/sqrt(t) and sin(t)/sqrt(t)."""
    t = point(length, direction)
    log_t = logarithm(t, sheet)
    basis = LocalBasis(DifferentialOperator(["4*x^2 - 1", "4*x", "4*x^2"]), fmpq(0))
    assert [(s.exponent, s.log_power) for s in basis.solutions] == [(Fraction(-1, 2), 0), (Fraction(1, 2), 0)]
    w = basis.wronskian(t, BITS, log_t)
    with working_precision(MORE):
        root = power(log_t, Fraction(-1, 2))
        assert_contains(w[0, 0], t.cos() * root, BITS - 8)
        assert_contains(w[0, 1], t.sin() * root, BITS - 8)


@given(directions, sheets, st.integers(1, 5))
def test_powers_of_the_logarithm(direction, sheet, order):
    """theta^r: log(t)^k/k!, k < r."""
    t = point(3.0, direction)
    log_t = logarithm(t, sheet)
    basis = LocalBasis(DifferentialOperator.from_theta_form([fmpq_poly([0] * order + [1])]), fmpq(0))
    w = basis.wronskian(t, BITS, log_t)
    with working_precision(MORE):
        for k in range(order):
            assert_contains(w[0, k], log_t**k / math.factorial(k), BITS - 12)
            if k and order > 1:
                assert_contains(w[1, k], log_t ** (k - 1) / math.factorial(k - 1) / t, BITS - 12)


@given(st.lists(rationals, min_size=2, max_size=4), rationals, st.sampled_from([0.05, 0.25]), directions)
@settings(max_examples=40)
def test_higher_powers_of_logarithms_by_frobenius_parameter(upper, shift, length, direction):
    """(theta - s)^r - x prod (theta + u): the derivatives of the series with the exponent s + epsilon."""
    order = len(upper)
    t = point(length, direction)
    basis = LocalBasis(theta_operator([shift] * order, upper), fmpq(0))
    assert [(s.exponent, s.log_power) for s in basis.solutions] == [(shift, k) for k in range(order)]
    w = basis.wronskian(t, BITS)
    assert_accurate(w)
    with working_precision(MORE, order):
        epsilon = acb_series([acb(q(shift)), acb(1)]) if order > 1 else acb_series([acb(q(shift))])
        total, term = acb_series([acb(0)]), acb_series([acb(1)])
        for n in range(400):
            total = total + term
            for u in upper:
                term = term * (epsilon + n + q(u)) / (epsilon - acb(q(shift)) + n + 1)
            term = term * t
        total = total * (epsilon * t.log()).exp()
        for k in range(order):
            assert abs(w[0, k] - total[k]).lower() < arb(2) ** -(BITS + 100)


@given(rationals, directions, st.sampled_from([0.3, 2.0, 6.0]))
@settings(max_examples=30)
def test_airy_functions_at_ordinary_points(at, direction, length):
    t = point(length, direction)
    w = LocalBasis(DifferentialOperator(["-x", "0", "1"]), q(at)).wronskian(t, BITS)
    assert_accurate(w)

    def airy(z):
        ai, dai, bi, dbi = z.airy()
        return acb_mat([[ai, bi], [dai, dbi]])

    with working_precision(MORE):
        start, end = acb(q(at)), acb(q(at)) + t
        assert_same(w, airy(end) * airy(start).inv())


# -- algebraic points --------------------------------------------------------------------------------------------------

ALGEBRAIC = [fmpz_poly([7, 12, 144]), fmpz_poly([-2, 0, 0, 1]), fmpz_poly([1, 1, 1, 1, 1])]


@pytest.mark.parametrize("polynomial", ALGEBRAIC, ids=str)
@given(rationals, lengths, directions, sheets)
@settings(max_examples=12)
def test_powers_at_algebraic_points(polynomial, exponent, length, direction, sheet):
    """p^e at a root of p is p'(zeta)^e t^e prod (1 + t/(zeta - zeta'))^e."""
    e = q(exponent)
    L = DifferentialOperator([polynomial.derivative() * -fmpq_poly([e]), fmpq_poly(polynomial)])
    for zeta in roots_of(polynomial):
        basis = LocalBasis(L, zeta)
        assert [s.exponent for s in basis.solutions] == [exponent]
        t = point(length * float(basis.radius()), direction)
        log_t = logarithm(t, sheet)
        w = basis.wronskian(t, BITS, log_t)
        assert_accurate(w)
        with working_precision(MORE):
            here, value = zeta.ball(MORE), power(log_t, exponent)
            for root, _ in polynomial.complex_roots():
                if not root.overlaps(here):
                    value *= ((1 + t / (here - root)).log() * e).exp()
            assert w[0, 0].overlaps(value)


@pytest.mark.parametrize("polynomial", ALGEBRAIC, ids=str)
@given(lengths, directions)
@settings(max_examples=8)
def test_logarithms_at_algebraic_points(polynomial, length, direction):
    """1 and log p; where p' = 0 there are apparent singularities."""
    slope = polynomial.derivative()
    L = DifferentialOperator([0, slope * slope - polynomial * slope.derivative(), polynomial * slope])
    for zeta in roots_of(polynomial):
        basis = LocalBasis(L, zeta)
        assert [(s.exponent, s.log_power, s.is_analytic) for s in basis.solutions] == [(0, 0, True), (0, 1, False)]
        t = point(length * float(basis.radius()), direction)
        w = basis.wronskian(t, BITS)
        assert_accurate(w)
        with working_precision(MORE):
            here, value = zeta.ball(MORE), t.log()
            for root, _ in polynomial.complex_roots():
                if not root.overlaps(here):
                    value += (1 + t / (here - root)).log()
            assert w[0, 1].overlaps(value)
            assert w[0, 0].overlaps(acb(1))
    for factor, _ in slope.factor()[1]:
        for zeta in roots_of(factor):
            basis = LocalBasis(L, zeta)
            assert all(s.is_analytic for s in basis.solutions)
            assert_accurate(basis.wronskian(point(length * float(basis.radius()), direction), BITS))


def test_a_rational_point_in_a_field():
    """It is a rational one, however it is given."""
    [i, _] = roots_of(fmpz_poly([1, 0, 1]))
    L = hypergeometric(Fraction(1, 3), Fraction(1, 2), Fraction(1))
    t = acb(0.25, 0.125)
    assert_same(LocalBasis(L, i * i + 1).wronskian(t, BITS), LocalBasis(L, fmpq(0)).wronskian(t, BITS))
    assert_same(LocalBasis(L, i * i + 2).wronskian(t, BITS), LocalBasis(L, 1).wronskian(t, BITS))


# -- what the equation demands -----------------------------------------------------------------------------------------


def fuchsian(factors):
    """A product of factors theta-like at 0 and 1: x (1 - x) D - (a + b x)."""
    L = None
    for a, b in factors:
        factor = operator([-a, -b], [0, 1, -1])
        L = factor if L is None else L * factor
    return L


integers = st.integers(-3, 3).map(Fraction)


@given(st.lists(st.tuples(st.one_of(integers, rationals), st.one_of(integers, rationals)), min_size=2, max_size=3))
@settings(max_examples=40)
def test_connection_matrices_are_constant(factors):
    """Bases at 0 and at 1 differ by the same matrix at different places."""
    L = fuchsian(factors)
    left, right = LocalBasis(L, 0), LocalBasis(L, 1)
    matrices = []
    for z in (acb(0.5, 0.1), acb(0.375, 0.25), acb(0.6)):
        with working_precision(MORE):
            here, there = left.wronskian(z, MORE), right.wronskian(z - 1, MORE, (1 - z).log() + acb(0, arb.pi()))
            matrices.append(here.solve(there))
    with working_precision(MORE):
        assert_same(matrices[0], matrices[1])
        assert_same(matrices[0], matrices[2])
        assert all(c.rad() < (abs(c) + 1) * arb(2) ** -60 for m in matrices for c in m.entries())


@given(
    st.lists(st.tuples(st.one_of(integers, rationals), st.one_of(integers, rationals)), min_size=2, max_size=4),
    directions,
    sheets,
)
@settings(max_examples=40)
def test_monodromy(factors, direction, sheet):
    """Once around: the same numbers with 2 pi i added to the logarithm."""
    basis = LocalBasis(fuchsian(factors), 0)
    t = point(0.4, direction)
    log_t = logarithm(t, sheet)
    with working_precision(MORE):
        turned = basis.wronskian(t, BITS, log_t + 2 * acb.pi() * acb(0, 1))
        assert_same(turned, basis.wronskian(t, BITS, log_t) * basis.monodromy(MORE))
    for k, solution in enumerate(basis.solutions):
        with working_precision(BITS):
            column = [row[k] for row in basis.monodromy(BITS).tolist()]
            fixed = all(c.overlaps(acb(1 if i == k else 0)) for i, c in enumerate(column))
        if solution.is_analytic:
            assert fixed
        if fixed:
            assert solution.is_analytic or (solution.exponent < 0 and solution.exponent.denominator == 1)


@given(st.lists(st.tuples(rationals, rationals), min_size=2, max_size=3), lengths, directions)
@settings(max_examples=30)
def test_the_determinant_solves_its_own_equation(factors, length, direction):
    """Abel: det W' = -(p_(r-1)/p_r) det W, here for the ratio at two places."""
    L = fuchsian(factors)
    t = point(length, direction)
    basis = LocalBasis(L, 0)
    with working_precision(MORE):
        first, second = basis.wronskian(t, MORE).det(), basis.wronskian(t / 2, MORE).det()
        # p_(r-1)/p_r = (u + v x)/(x (1 - x)), with the integral u log x - (u + v) log(1 - x)
        below, top = L.coefficients[-2], L.leading
        quotient, rest = divmod(fmpq_poly(below * fmpz_poly([0, 1, -1])), fmpq_poly(top))
        assert rest == 0
        u, v = quotient[0], quotient[1]
        ratio = -u * acb(2).log() + (u + v) * ((1 - t).log() - (1 - t / 2).log())
        assert first.overlaps(second * ratio.exp())


@given(st.lists(st.tuples(rationals, rationals), min_size=1, max_size=3), lengths, directions)
@settings(max_examples=30)
def test_precisions_agree(factors, length, direction):
    basis = LocalBasis(fuchsian(factors), 0)
    t = point(length, direction)
    sharp = basis.wronskian(t, 400)
    assert_accurate(sharp, 400)
    for bits in (20, 60, 150):
        w = basis.wronskian(t, bits)
        assert_accurate(w, bits)
        assert_same(w, sharp)


def test_a_wide_ball_contains_the_values_at_its_points():
    basis = LocalBasis(hypergeometric(Fraction(1, 2), Fraction(1, 3), Fraction(1)), 0)
    wide = basis.wronskian(acb(arb(0.3, 0.01), arb(0.1, 0.01)), 53)
    for x in (0.2905, 0.3, 0.3095):
        for y in (0.0905, 0.1, 0.1095):
            sharp = basis.wronskian(acb(x, y), 100)
            with working_precision(200):
                assert all(a.contains(b) for a, b in zip(wide.entries(), sharp.entries(), strict=True))


def test_a_ball_on_the_cut_of_the_logarithm():
    basis = LocalBasis(DifferentialOperator(["0", "1", "x"]), 0)
    w = basis.wronskian(acb(-2, arb(0, 1e-10)), 53)
    with working_precision(100):
        assert w[0, 1].contains(acb(-2).log())
        assert w[0, 1].contains(acb(-2).log().conjugate())


def test_radius():
    L = DifferentialOperator([fmpz_poly([1]), fmpz_poly([7, 12, 144]) * fmpz_poly([-1, 1])])
    with working_precision(100):
        assert (LocalBasis(L, 1).radius(80) ** 2 - fmpq(163, 144)).upper() <= 0
        assert abs(LocalBasis(L, 1).radius(80) ** 2 - fmpq(163, 144)) < 1e-20
    assert LocalBasis(DifferentialOperator(["-x", "0", "1"]), 3).radius() == arb.pos_inf()


# -- the bound ---------------------------------------------------------------------------------------------------------

BOUNDED = [
    (hypergeometric(Fraction(1, 3), Fraction(2, 3), Fraction(1)), fmpq(0)),
    (theta_operator([0, 0, 0], [Fraction(1, 2)] * 3), fmpq(0)),
    (fuchsian([(1, Fraction(1, 2)), (-2, 1), (Fraction(1, 2), 0)]), fmpq(1)),
    (DifferentialOperator(["-x", "0", "1"]), fmpq(1, 2)),
]


def cut_off(monkeypatch, count, honest=True):
    """Expansions end ``count`` terms after the least number, and are not tried again."""
    continued = frobenius._Expansion._continue

    def shortened(self):
        continued(self)
        assert len(self.terms) > self.start + count
        del self.terms[self.start + count :], self._lost[count:]

    monkeypatch.setattr(frobenius._Expansion, "_continue", shortened)
    monkeypatch.setattr(frobenius, "_MAX_EVALUATIONS", 1)
    if not honest:
        monkeypatch.setattr(
            frobenius._Expansion,
            "error",
            lambda self, distance, log_bound: [arb(0)] * self.recurrence.form.order,
        )


@pytest.mark.parametrize(("L", "at"), BOUNDED, ids=str)
@pytest.mark.parametrize("count", [0, 1, 5, 20])
@pytest.mark.parametrize("t", [acb(0.5), acb(-0.1, 0.6)], ids=str)
def test_truncation_bound(monkeypatch, L, at, count, t):
    """It holds wherever the series is cut off, is not far above the error, and without it the ball is wrong."""
    basis = LocalBasis(L, at)
    truth = basis.wronskian(t, 600)
    with monkeypatch.context() as patch:
        cut_off(patch, count)
        bounded = basis.wronskian(t, 200)
    with monkeypatch.context() as patch:
        cut_off(patch, count, honest=False)
        bare = basis.wronskian(t, 200)
    assert_same(bounded, truth)
    wrong = 0
    with working_precision(300):
        for ball, naked, true in zip(bounded.entries(), bare.entries(), truth.entries(), strict=True):
            error = abs(ball.mid() - true).upper()
            assert error <= ball.rad()
            if not naked.overlaps(true):
                wrong += 1
        errors = [abs(b.mid() - t).upper() for b, t in zip(bounded.entries(), truth.entries(), strict=True)]
        spreads = [b.rad() for b in bounded.entries()]
        assert max(map(float, spreads)) <= 1e7 * max(map(float, errors))
    assert wrong


@pytest.mark.parametrize(("L", "at"), BOUNDED, ids=str)
@pytest.mark.parametrize("t", [acb(0.5), acb(-0.1, 0.6)], ids=str)
def test_rounding_bound(monkeypatch, L, at, t):
    """Terms that are rounded to 20 bits: what is lost is in the ball, and would be missed there."""
    basis = LocalBasis(L, at)
    truth = basis.wronskian(t, 600)
    exact, continued = frobenius._Expansion._next, frobenius._Expansion._continue

    def rounded(self, n, rows):
        row, pivots = exact(self, n, rows)
        if n >= self.start:
            with working_precision(20):
                row = [+u for u in row]
        return row, pivots

    def forgetful(self):
        continued(self)
        self._lost = [[arb(0) for _ in row] for row in self._lost]

    monkeypatch.setattr(frobenius, "_MAX_EVALUATIONS", 1)
    monkeypatch.setattr(frobenius._Expansion, "_next", rounded)
    bounded = basis.wronskian(t, 200)
    monkeypatch.setattr(frobenius._Expansion, "_continue", forgetful)
    bare = basis.wronskian(t, 200)
    assert_same(bounded, truth)
    with working_precision(300):
        pairs = list(zip(bounded.entries(), truth.entries(), strict=True))
        assert all(abs(ball.mid() - true).upper() <= ball.rad() for ball, true in pairs)
        assert max(float(ball.rad()) for ball, _ in pairs) < 1
        assert any(not naked.overlaps(true) for naked, true in zip(bare.entries(), truth.entries(), strict=True))


def defects(L, at, alpha, terms, levels):
    """D_(n,k) of L applied to the sum, straight from the local form."""
    forms = [[c.poly[0] if c != 0 else fmpq(0) for c in form] for form in local_theta_form(L, at)]
    monic = forms[0][-1]
    found = []
    for n in range(len(terms) + len(forms) - 1):
        row = [acb(0)] * levels
        for m, form in enumerate(forms):
            if not 0 <= n - m < len(terms):
                continue
            applied = list(terms[n - m])  # (n - m + alpha + S)^j u
            for c in form:
                row = [d + u * (c / monic) for d, u in zip(row, applied, strict=True)]
                shifted = [*applied[1:], acb(0)]
                applied = [u * (n - m + alpha) + v for u, v in zip(applied, shifted, strict=True)]
        found.append(row)
    return found


@pytest.mark.parametrize(
    ("L", "at"),
    [
        *BOUNDED,
        (theta_operator([Fraction(-7, 2)] * 3, [Fraction(1, 5), Fraction(1, 2), Fraction(2, 3)]), fmpq(0)),
        (fuchsian([(Fraction(-5, 3), Fraction(1, 2)), (Fraction(-2, 3), Fraction(3, 7))]), fmpq(0)),
    ],
    ids=str,
)
@pytest.mark.parametrize("bits", [None, 20])
def test_the_theorem_as_it_stands(monkeypatch, L, at, bits):
    """The bound is the right side of the theorem, with the defects of the sum that is used: at least, and nearly."""
    if bits is None:
        cut_off(monkeypatch, 4)
    else:
        exact = frobenius._Expansion._next

        def rounded(self, n, rows):
            row, pivots = exact(self, n, rows)
            if n >= self.start:
                with working_precision(bits):
                    row = [+u for u in row]
            return row, pivots

        monkeypatch.setattr(frobenius._Expansion, "_next", rounded)
    basis = LocalBasis(L, at)
    h, log_bound = arb(0.01), arb(5)
    disc = basis._form.disc(h)
    for solution, leading in zip(basis.solutions, basis._leading, strict=True):
        expansion = frobenius._Expansion(basis._recurrences[solution.exponent], leading, disc, 300)
        alpha, order, levels, start = q(solution.exponent), L.order, expansion.levels, expansion.start
        with working_precision(400):
            rows = defects(L, at, alpha, expansion.terms, levels)
            assert all(d.contains(0) for row in rows[:start] for d in row)
            scale = expansion.recurrence.scale
            for lost, row in zip(expansion._lost, rows[start:], strict=False):
                assert not any(abs(d) * scale > bound for d, bound in zip(row, lost, strict=True))
            total = arb(0)
            for n, row in enumerate(rows[start:], start):
                x = alpha + n - disc.kappa
                assert x > 0
                for k, d in enumerate(row):
                    weight = sum(log_bound ** (k - j) / math.factorial(k - j) / x ** (j + 1) for j in range(k + 1))
                    total += h ** (n + alpha) * abs(d).upper() * weight
            total *= disc.inverse
            for i, bound in enumerate(expansion.error(h, log_bound)):
                right = (total * disc.omega ** (i - order + 1)).lower()
                assert bound >= right
                assert bound <= right * 100


@given(st.lists(st.tuples(rationals, rationals), min_size=1, max_size=3), lengths, directions)
@settings(max_examples=30)
def test_bounds_on_discs(factors, length, direction):
    """R, omega and kappa bound 1/a_r and the companion matrix at points of the disc."""
    L = fuchsian(factors)
    disc = LocalBasis(L, 0)._form.disc(arb(length))
    forms = [[c.poly[0] if c != 0 else fmpq(0) for c in form] for form in local_theta_form(L, 0)]
    order = L.order
    with working_precision(100):
        for part in (0.0, 0.5, 1.0):
            for t in (point(length * part, direction) * (1 - 1e-15), acb(length * part)):
                values = [
                    partial_sum([f[j] / forms[0][-1] if j < len(f) else fmpq(0) for f in forms], t)
                    for j in range(order + 1)
                ]
                assert not abs(1 / values[-1]) > disc.inverse
                row = sum(abs(a / values[-1]) * disc.omega ** (j - order + 1) for j, a in enumerate(values[:-1]))
                assert not row > disc.kappa
                assert disc.omega <= disc.kappa


def test_bounds_on_discs_around_complex_points():
    """The whole circle counts: seen from either root, the other one is on another side."""
    polynomial = ALGEBRAIC[0]
    L = DifferentialOperator([polynomial.derivative(), polynomial])
    for zeta, other in zip(roots_of(polynomial), reversed(roots_of(polynomial)), strict=True):
        with working_precision(100):
            towards = other.ball(100) - zeta.ball(100)
            disc = LocalBasis(L, zeta)._form.disc(abs(towards) * 0.75)
            assert abs(disc.inverse - 4) < 0.5  # 1/|1 - t/towards|
            assert disc.inverse >= 4


# -- power series ------------------------------------------------------------------------------------------------------


def partial_sum(terms, z):
    total = acb(0)
    for c in reversed(terms):
        total = total * z + c
    return total


@given(rationals, rationals, positive, lengths, directions, st.sampled_from([30, 100, 300]))
@settings(max_examples=60)
def test_taylor_polynomials(a, b, c, length, direction, bits):
    germ = PowerSeriesGerm(hypergeometric(a, b, c), [fmpq(1)])
    terms, error = germ.taylor(arb(length), bits)
    with working_precision(2 * bits + 100):
        largest = max(float(abs(u).upper()) * length**n for n, u in enumerate(terms))
        assert error <= arb(2) ** -bits * largest * 1.01
        for part in (1.0, 0.99, 0.5, 0.0):
            z = acb(length * part) if part == 1.0 else point(length * part, direction)
            truth = z.hypgeom_2f1(q(a), q(b), q(c))
            assert not abs(partial_sum(terms, z) - truth) > error


@pytest.mark.parametrize("count", [0, 3, 10])
def test_the_error_of_a_short_taylor_polynomial(monkeypatch, count):
    """Cut off early: the bound says so, and holds on the whole disc."""
    germ = PowerSeriesGerm(hypergeometric(Fraction(1, 4), Fraction(3, 4), Fraction(1)), [1])
    cut_off(monkeypatch, count)
    terms, error = germ.taylor(arb(0.5), 100)
    with working_precision(300):
        differences = []
        for k in range(12):
            z = acb(fmpq(k, 6)).exp_pi_i() * 0.5
            differences.append(abs(partial_sum(terms, z) - z.hypgeom_2f1(fmpq(1, 4), fmpq(3, 4), fmpq(1))).upper())
            assert differences[-1] <= error
        assert error <= 1000 * max(differences, key=float)


@given(rationals, rationals, positive, lengths, directions)
@settings(max_examples=40)
def test_states(a, b, c, length, direction):
    z = point(length, direction)
    state = PowerSeriesGerm(hypergeometric(a, b, c), [fmpq(1)]).state(z, BITS)
    assert_accurate(state)
    with working_precision(MORE):
        assert state[0, 0].overlaps(z.hypgeom_2f1(q(a), q(b), q(c)))
        assert state[1, 0].overlaps(q(a * b / c) * z.hypgeom_2f1(q(a + 1), q(b + 1), q(c + 1)))


def test_states_near_the_origin():
    germ = PowerSeriesGerm(DifferentialOperator(["0", "1", "x + 1"]), [0, 1])  # log(1 + x)
    assert germ.state(acb(0), 53) == acb_mat([[0], [1]])
    wide = germ.state(acb(arb(0, 0.01), arb(0, 0.01)), 53)
    for z in (acb(0), acb(0.009, -0.009), acb(-0.005, 0.001), acb(1e-30)):
        with working_precision(150):
            assert wide[0, 0].contains((1 + z).log())
            assert wide[1, 0].contains(1 / (1 + z))
    tiny = germ.state(acb(1e-200), 100)
    with working_precision(1000):
        assert_contains(tiny[0, 0], (1 + acb(1e-200)).log(), 90)
        assert_contains(tiny[1, 0], 1 / (1 + acb(1e-200)), 90)


def test_irrational_exponents_beside_the_series():
    """theta (theta^2 - 2) - x (theta + 1): the coefficients follow exactly."""
    L = DifferentialOperator.from_theta_form([fmpq_poly([0, -2, 0, 1]), fmpq_poly([-1, -1])])
    germ = PowerSeriesGerm(L, [1])
    terms, total = [fmpq(1)], fmpq(0)
    for n in range(1, 80):
        terms.append(terms[-1] * n / (n * (n * n - 2)))
    for c in reversed(terms):
        total = total * 3 + c
    state = germ.state(acb(3), 100)
    with working_precision(200):
        assert abs(state[0, 0] - total).upper() < 1e-25
        assert state[0, 0].rel_accuracy_bits() >= 99
    with pytest.raises(ValueError, match="not all rational"):
        LocalBasis(L, 0)


@pytest.mark.parametrize("bits", [64, 1000])
def test_a_small_solution_beside_large_ones(bits):
    """exp(x) also solves an equation with solutions that are singular at 1/10: rounding errors grow like 10^n."""
    germ = PowerSeriesGerm(DifferentialOperator(["3", "1 - 10*x"]) * DifferentialOperator(["-1", "1"]), [1, 1])
    state = germ.state(acb(0.0625), bits)
    with working_precision(bits + 100):
        assert_contains(state[0, 0], acb(0.0625).exp(), bits - 1)
        assert_contains(state[1, 0], acb(0.0625).exp(), bits - 1)


@pytest.mark.parametrize("x", [-30, -200, 200])
def test_cancellation(x):
    """exp(x) is far below the terms of its series."""
    state = PowerSeriesGerm(DifferentialOperator(["-1", "1"]), [1]).state(acb(x), 100)
    with working_precision(1000):
        assert_contains(state[0, 0], acb(x).exp(), 99, 0)


def test_multiple_singular_points_near_the_circle():
    """The coefficients of a product of operators have common zeros of high multiplicity."""
    p = fmpz_poly([1, -1, 0, 0, 1])
    factor = DifferentialOperator([0, p.derivative() ** 2 - p * p.derivative().derivative(), p * p.derivative()])
    basis = LocalBasis(factor * factor, 0)
    t = acb(float(basis.radius()) * 0.96)
    w = basis.wronskian(t, BITS)
    assert_accurate(w)
    assert_same(w, basis.wronskian(t, 300))


def test_gaps_and_polynomials():
    """Two terms of every three are zero; a series that ends; the zero series."""
    sparse = PowerSeriesGerm(DifferentialOperator(["-3*x^2", "1"]), [1])  # exp(x^3)
    terms, error = sparse.taylor(arb(2), 100)
    with working_precision(300):
        assert abs(partial_sum(terms, acb(2)) - acb(8).exp()) <= error
        assert error < 1e-25
        finite = PowerSeriesGerm(DifferentialOperator(["-5", "1 + x"]), [1])
        assert_contains(finite.state(acb(0.5), 200)[0, 0], acb(1.5) ** 5, 199)
        assert PowerSeriesGerm(DifferentialOperator(["-5", "1 + x"]), [0]).state(acb(0.5), 100)[0, 0] == 0


def test_a_thousand_digits_of_eulers_germ():
    """Borel's transform of Euler's series is log(1 + z)."""
    germ = PowerSeriesGerm(DifferentialOperator(["0", "1", "x + 1"]), [0, 1])
    with working_precision(3600):
        h = arb(fmpq(1, 3)).upper()
    terms, error = germ.taylor(h, 3400)
    assert len(terms) < 2300
    with working_precision(3600):
        assert abs(partial_sum(terms, acb(h)) - (1 + acb(h)).log()) <= error
        assert error < arb(2) ** -3400
    assert_accurate(germ.state(acb(fmpq(1, 4)), 3400), 3400)


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LocalBasis(DifferentialOperator(["1", "x^2"]), 0), "irregular"),
        (lambda: LocalBasis(DifferentialOperator(["x"]), 0), "order at least 1"),
        (lambda: PowerSeriesGerm(DifferentialOperator(["x"]), [1]), "order at least 1"),
        (lambda: PowerSeriesGerm(DifferentialOperator(["-1", "x^2 + x", "x^3"]), [0, 1]), "irregular"),
        (lambda: PowerSeriesGerm(DifferentialOperator(["0", "1", "x + 1"]), [0]), "give a_0, ..., a_1"),
        (lambda: PowerSeriesGerm(DifferentialOperator(["-1", "1"]), [1, 2]), "fit no solution"),
        (lambda: PowerSeriesGerm(DifferentialOperator(["-1", "1 - x"]), [1]).taylor(arb(1), 53), "continue"),
        (lambda: PowerSeriesGerm(DifferentialOperator(["-1", "1 - x"]), [1]).taylor(arb(0), 53), "0 < "),
        (lambda: PowerSeriesGerm(DifferentialOperator(["-1", "1 - x"]), [1]).state(acb(0, 2), 53), "converges"),
        (lambda: PowerSeriesGerm(DifferentialOperator(["-1", "1 - x"]), [1]).state(acb(1 - 1e-12), 53), "too"),
        (lambda: LocalBasis(DifferentialOperator(["-1", "2*x"]), 0).wronskian(acb(0), 53), "without 0"),
        (lambda: LocalBasis(DifferentialOperator(["-1", "2*x"]), 0).wronskian(acb(1), 53, acb(1)), "logarithm of t"),
        (lambda: LocalBasis(DifferentialOperator(["1", "x*(x-1)"]), 0).wronskian(acb(1.5), 53), "converges"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_too_near_to_the_circle(monkeypatch):
    germ = PowerSeriesGerm(DifferentialOperator(["-1", "1 - x"]), [1])
    assert germ.radius(64) <= 1
    with working_precision(200):
        h = germ.radius(64) - arb(2) ** -62
    with pytest.raises(ValueError, match="too large"):
        germ.taylor(h, 53)
    monkeypatch.setattr(frobenius, "_MAX_TERMS", 100)
    with pytest.raises(ValueError, match="for a sum of 100 terms"):
        germ.taylor(arb(0.9), 100)
    monkeypatch.setattr(frobenius, "_MAX_ARCS", 20)
    with pytest.raises(ValueError, match="too near"):
        germ.taylor(h, 53)


def test_singular_points_that_are_hard_to_tell_apart():
    """The other root is only seen at a higher precision than that of bounds."""
    L = DifferentialOperator([fmpz_poly([1]), fmpz_poly([-1, 10**30]) * fmpz_poly([-1, 10**30 + 1])])
    basis = LocalBasis(L, fmpq(1, 10**30))
    with working_precision(300):
        distance = arb(fmpq(1, 10**30) - fmpq(1, 10**30 + 1))
        assert 0.999 < basis.radius() / distance <= 1
        t = acb((distance / 2).mid())
        w = basis.wronskian(t, BITS)
        assert_contains(w[0, 0] * t, 1 + t / distance, BITS - 2)
