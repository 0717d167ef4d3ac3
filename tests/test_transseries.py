"""Trans-series of differential equations: put back into the equation, and against solutions in closed form."""

import json
import math
from fractions import Fraction

import mpmath
import pytest
import sympy
from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from resurgence.errors import StokesLineError
from resurgence.formal_integral import formal_integral
from resurgence.numbers import Enclosure
from resurgence.rank_one import read_system
from resurgence.series import FormalSeries
from resurgence.transseries import TransSeries

T = TransSeries
mp = mpmath.MPContext()
mp.dps = 50

#: y = 1/(1 + z - sigma exp(-1/g)), with g^2 z' = z - g (Euler's integral, whose jump is 2 pi i exp(-1/g)).
RECIPROCAL = {"y": "-y + (1 + g)*y^2"}
RECIPROCAL_STOKES = -2 * sympy.pi * sympy.I


def euler_integral(g, side):
    """S_side of g sum n! g^n, from the closed form of conventions.md."""
    turn = {"above": 1, "below": -1, "median": 0}[side]
    return mp.exp(-1 / g) * (mp.ei(1 / g) + turn * 1j * mp.pi)


def reciprocal(g, sigma, side):
    return 1 / (1 + euler_integral(g, side) - sigma * mp.exp(-1 / g))


def airy_quotient(x, sigma, side):
    """u/x^(1/2) for u = w'/w, w = Bi + (turn i - sigma) Ai: u' = x - u^2, u ~ x^(1/2)."""
    factor = {"above": 1, "below": -1, "median": 0}[side] * 1j - sigma
    slope = mp.airybi(x, derivative=1) + factor * mp.airyai(x, derivative=1)
    return slope / (mp.airybi(x) + factor * mp.airyai(x)) / mp.sqrt(x)


def covers(enclosure, exact):
    with mp.workdps(120):
        return abs(mp.mpc(enclosure.value) - exact) <= mp.mpf(enclosure.error)


# -- put back into the equation ---------------------------------------------------------------------------------------


class Substitution:
    """A truncated trans-series as a table (k, power of log g, power of g beyond g^(k.beta)) -> coefficient."""

    def __init__(self, integral, cut, lowest):
        self.integral, self.cut = integral, cut
        self.kept = cut - 3 * lowest  # a factor to come may begin with a negative power
        self.order = max(map(sum, integral.sectors))
        self.unknowns = [self.table(i) for i in range(len(integral.system.unknowns))]

    def table(self, i):
        return {
            (k, j, sector.lowest + n): c
            for k, sector in self.integral.sectors.items()
            for j, level in enumerate(sector.logs)
            for n, c in enumerate(level[i])
            if c != 0
        }

    def times(self, left, right):
        result = {}
        for (k, i, n), a in left.items():
            for (m, j, r), b in right.items():
                both = tuple(x + y for x, y in zip(k, m, strict=True))
                if sum(both) <= self.order and n + r < self.kept:
                    key = (both, i + j, n + r)
                    result[key] = result.get(key, fmpq(0)) + a * b
        return result

    def slope(self, table):
        """g^2 d/dg."""
        result = {}
        actions, betas = self.integral.actions, self.integral.exponents
        for (k, j, n), c in table.items():
            action = sum((a * m for a, m in zip(actions, k, strict=True)), fmpq(0))
            beta = sum((b * m for b, m in zip(betas, k, strict=True)), Fraction(n))
            pieces = {(k, j, n): action, (k, j, n + 1): fmpq(beta.numerator, beta.denominator)}
            if j:
                pieces[k, j - 1, n + 1] = fmpq(j)
            for key, factor in pieces.items():
                result[key] = result.get(key, fmpq(0)) + factor * c
        return result

    def residuals(self):
        """What is left of each equation below g^cut."""
        zero = (0,) * len(self.integral.actions)
        for i, terms in enumerate(self.integral.system.right_sides):
            left = self.slope(self.unknowns[i])
            for m, gamma, c in terms:
                piece = {(zero, 0, m): -c}
                for table, power in zip(self.unknowns, gamma, strict=True):
                    for _ in range(power):
                        piece = self.times(piece, table)
                for key, value in piece.items():
                    left[key] = left.get(key, fmpq(0)) + value
            yield {key: value for key, value in left.items() if value != 0 and key[2] < self.cut}


def assert_solves(integral, terms):
    """Orders below ``terms`` less what products with negative powers cost."""
    lowest = min(sector.lowest for sector in integral.sectors.values())
    residuals = list(Substitution(integral, terms + 3 * lowest - 1, lowest).residuals())
    assert residuals == [{} for _ in residuals]


small = st.fractions(-2, 2, max_denominator=3)
eigenvalue = st.sampled_from([Fraction(1), Fraction(-1), Fraction(2), Fraction(-2), Fraction(1, 2), Fraction(3)])


@settings(max_examples=30)
@given(action=eigenvalue, forcing=small, linear=small, square=small, cube=small, mixed=small)
def test_random_scalar_equations_are_solved(action, forcing, linear, square, cube, mixed):
    right = f"({action})*y + ({forcing})*g + ({linear})*g*y + ({square})*y^2 + ({cube})*y^3 + ({mixed})*g^2*y^2"
    integral = formal_integral(read_system({"y": right}), 3, 9)
    assert integral.exponents == (integral_beta(action, forcing, linear, square),)
    assert_solves(integral, 9)


def integral_beta(action, forcing, linear, square):
    """M_1 = linear + 2 square y_1, with action y_1 = -forcing."""
    return linear - 2 * square * forcing / action


@settings(max_examples=12)
@given(
    actions=st.tuples(eigenvalue, eigenvalue),
    coupling=small,
    forcing=st.tuples(small, small),
    entries=st.lists(small, min_size=8, max_size=8),
)
@pytest.mark.parametrize("of", [0, 1])
def test_random_systems_with_two_parameters_are_solved_resonant_or_not(of, actions, coupling, forcing, entries):
    assume(actions[0] != actions[1])
    a, b, c, d, e, f, h, k = entries
    system = read_system(
        {
            "u": f"({actions[0]})*u + ({coupling})*v + ({forcing[0]})*g + ({a})*u^2 + ({b})*u*v + ({c})*g*v"
            f" + ({h})*v^3",
            "v": f"({actions[1]})*v + ({forcing[1]})*g + ({d})*u*v + ({e})*v^2 + ({f})*g*u + ({k})*u^2",
        }
    )
    integral = formal_integral(system, 3, 10, actions, of)
    assert_solves(integral, 10)


def test_resonances_are_met_by_logarithms():
    """2 A_1 = A_2 and A_2 = -A_1: the first sectors that need log(g), and no others do."""
    doubled = formal_integral(read_system({"u": "u", "v": "2*v + u^2*g"}), 3, 6, [1, 2])
    assert [k for k, sector in doubled.sectors.items() if len(sector.logs) > 1] == [(2, 0)]
    assert doubled.sectors[2, 0].logs[1][1][:2] == (1, 0)  # v = sigma^2 exp(-2/g) log(g)
    opposite = T.from_ode("u'' = 6*u^2 - x", actions=[1, -1], order=4, terms=6)
    assert [k for k, logs in opposite.sectors.items() if len(logs) > 1] == [(2, 1), (1, 2), (3, 1), (1, 3)]
    assert opposite.has_logarithms
    alone = T.from_ode("u'' = 6*u^2 - x", order=4, terms=6)
    assert not alone.has_logarithms
    assert all(alone[k] == opposite[k, 0] for k in range(5))


@pytest.mark.parametrize(
    ("equations", "at"),
    [
        ({"u": "v", "v": "2*u + g + u^3"}, None),  # A = sqrt(2)
        ({"u": "v", "v": "w", "w": "2*u + g + u^3"}, None),  # A = 2^(1/3)
        ({"u": "u^2 - 2 + g*u"}, {"u": sympy.sqrt(2)}),  # A = 2 sqrt(2), y(0) = sqrt(2)
        ({"u": "u^2 - 2 + g*u"}, {"u": -sympy.sqrt(2)}),
        ({"u": "v", "v": "-u + g + u^3"}, None),  # A = i, -i
    ],
)
def test_irrational_actions_stay_exact(equations, at):
    integral = formal_integral(read_system(equations, at), 3, 8)
    assert_solves(integral, 8)
    t = T.from_system(equations, at, order=2, terms=4)
    assert all(series.is_exact for logs in t.sectors.values() for series in logs)


def test_the_three_roots_of_a_cubic_can_be_chosen():
    root = sympy.real_root(2, 3)
    t = T.from_system({"u": "v", "v": "w", "w": "2*u + g + u^3"}, order=1, terms=3)
    assert t.actions[0].to_sympy().equals(root)
    assert abs(complex(t.actions[0].ball(64)) - 2 ** (1 / 3)) < 1e-14


# -- known sectors ----------------------------------------------------------------------------------------------------


def test_painleve_one_as_in_the_literature():
    """u^2 - u''/6 = z in x = z^(-5/4) = kappa g, kappa = A = 8 sqrt(3)/5: Garoufalidis, Its, Kapaev & Mariño
    2012, and Aniceto, Schiappa & Vonk 2012."""
    t = T.from_ode("u''/6 = u^2 - x", actions=[1, -1], order=3, terms=5)
    assert t.system.change == "u = x^(1/2) y, g = 1/(kappa x^(5/4)), kappa^2 = 192/25"
    kappa = 8 * sympy.sqrt(3) / 5

    def literature(series, lowest=0):
        return [
            sympy.nsimplify(sympy.Rational(c.numerator, c.denominator) / kappa ** (n + lowest))
            for n, c in enumerate(series.coefficients)
        ]

    r3 = sympy.sqrt(3)
    power_series = [1, 0, -sympy.Rational(1, 48), 0, -sympy.Rational(49, 4608)]
    one = [1, -5 / (64 * r3), sympy.Rational(75, 8192), -341329 / (23592960 * r3)]
    two = [sympy.Rational(1, 6), -55 / (576 * r3)]
    for series, expected in ((t[0, 0], power_series), (t[1, 0], one), (t[2, 0], two)):
        assert [sympy.simplify(a - b) for a, b in zip(literature(series), expected, strict=False)] == [0] * len(
            expected
        )
    assert {str(t[1, 0].exponent), str(t[0, 1].exponent)} == {"1/2"}
    # Phi_(n|m)^[1] = (4/sqrt(3)) (m - n) Phi_(n-1|m-1)^[0] with log(x)/2: in g, kappa (2/sqrt 3)^-1 ... = 5/12.
    for (n, m), lower in (((2, 1), (1, 0)), ((1, 2), (0, 1))):
        logarithm = t.sectors[n, m][1]
        factor = sympy.Rational(1, 2) * 4 / r3 * (m - n) / kappa
        assert factor == sympy.Rational(5 * (m - n), 12)
        shown = [factor * sympy.Rational(c.numerator, c.denominator) for c in t[lower].coefficients]
        assert [sympy.Rational(c.numerator, c.denominator) for c in logarithm.coefficients] == shown
        assert logarithm.exponent == t[lower].exponent


def test_the_squares_of_logarithms_are_those_of_the_exponentiated_first():
    """Phi_(n|m)^[k] = (c (m - n))^k/k! Phi_(n-k|m-k)^[0], c = 5/12 (Aniceto, Schiappa & Vonk 2012)."""
    t = T.from_ode("u'' = 6*u^2 - x", actions=[1, -1], order=5, terms=6)

    def table(series, factor):
        """Coefficients by the power of g."""
        return {series.exponent + n: factor * c for n, c in enumerate(series.coefficients) if c}

    for n, m in ((3, 2), (2, 3), (4, 1), (3, 1)):
        for k in range(1, len(t.sectors[n, m])):
            found = table(t.sectors[n, m][k], 1)
            expected = table(t[n - k, m - k], Fraction(5 * (m - n), 12) ** k / math.factorial(k))
            end = min(max(found), max(expected))
            assert {e: c for e, c in found.items() if e <= end} == {e: c for e, c in expected.items() if e <= end}
            assert end - min(expected) >= 3


def test_logistic_equation():
    """g^2 y' = y - y^2 has the solution s/(1 + s), s = sigma exp(-1/g)."""
    t = T.from_system({"y": "y - y^2"}, order=7, terms=5)
    assert [t[k].coefficients for k in range(8)] == [
        tuple(Fraction(0 if k == 0 or n else (-1) ** (k - 1)) for n in range(5)) for k in range(8)
    ]
    assert t.actions == (1,)


def test_bernoulli_equation():
    """1/y of g^2 y' = y + g y^2 obeys a linear equation: Phi_k = w^(k-1), w = sum (-1)^n n! g^(n+1)."""
    t = T.from_system({"y": "y + g*y^2"}, order=5, terms=12)
    w = FormalSeries([0] + [(-1) ** n * math.factorial(n) for n in range(11)])
    power = FormalSeries([1] + [0] * 11)
    for k in range(1, 6):
        assert t[k].stripped() == power
        assert (t[k].action, t[k].exponent) == (k, 0)
        power = power * w


def test_sectors_of_a_reciprocal():
    """T_k = exp(-k/g)/(1 + z)^(k+1) for y = 1/(1 + z - sigma exp(-1/g)), z = sum n! g^(n+1)."""
    t = T.from_system(RECIPROCAL, at={"y": 1}, order=5, terms=12)
    z = FormalSeries([0] + [math.factorial(n) for n in range(11)])
    assert all(t[k].stripped() == (1 + z) ** -(k + 1) for k in range(6))


@pytest.mark.parametrize(("of", "leading"), [("u", 1), ("v", -1)])
def test_sigma_is_normalised_by_the_unknown_that_is_wanted(of, leading):
    t = T.from_system({"u": "-v", "v": "-u + g"}, of=of, order=1, terms=4)
    other = T.from_system({"u": "-v", "v": "-u + g"}, of="v" if of == "u" else "u", order=1, terms=4)
    assert t[1].coefficients[0] == other[1].coefficients[0] == 1
    both = formal_integral(read_system({"u": "-v", "v": "-u + g"}), 1, 4)
    assert both.sectors[1,].logs[0][1][0] == -1  # v = -u in the sector of exp(-1/g)


# -- from u(x) to y(g) ------------------------------------------------------------------------------------------------

EQUATIONS = {
    "Painlevé I": ("u'' = 6*u^2 - x", lambda x, u: u[2] - 6 * u[0] ** 2 + x, {}, (6144 / 625) ** 0.25, 6**-0.5),
    "Painlevé II": ("u'' = 2*u^3 - x*u", lambda x, u: u[2] - 2 * u[0] ** 3 + x * u[0], {}, (8 / 9) ** 0.5, 2**-0.5),
    "Painlevé II, lower": (
        "u'' = 2*u^3 - x*u",
        lambda x, u: u[2] - 2 * u[0] ** 3 + x * u[0],
        {"leading": -0.707},
        (8 / 9) ** 0.5,
        -(2**-0.5),
    ),
    "Painlevé II, alpha": (
        "u'' = 2*u^3 + x*u - 1",
        lambda x, u: u[2] - 2 * u[0] ** 3 - x * u[0] + 1,
        {"power": -1},
        1,
        1,
    ),
    "Riccati": ("u' = x - u^2", lambda x, u: u[1] - x + u[0] ** 2, {"leading": 1}, 1, 1),
    "Abel": ("u' = u^3 - x", lambda x, u: u[1] - u[0] ** 3 + x, {}, 1, 1),
    "Euler": ("x*u' = x*u - 1", lambda x, u: x * u[1] - x * u[0] + 1, {}, 1, 1),
    "a coefficient": ("u'' = 5*u^2 - 3*x", lambda x, u: u[2] - 5 * u[0] ** 2 + 3 * x, {}, None, 0.6**0.5),
    "a third derivative": (
        "u''' = u^2 - x^2",
        lambda x, u: u[3] - u[0] ** 2 + x**2,
        {"leading": 1},
        None,
        1,
    ),
}


@pytest.mark.parametrize("name", EQUATIONS)
def test_the_change_of_variables_solves_the_equation_given(name):
    """The truncated series, put into the equation for u(x) by termwise derivatives in x, far out."""
    text, residual, more, kappa, c = EQUATIONS[name]
    actions = [-1] if name == "a third derivative" else None  # the others are complex
    t = T.from_ode(text, **more, actions=actions, order=1, terms=12)
    powers = _exponents(t.system.change)
    if kappa is None:
        kappa = _kappa(t.system.change)
    with mp.workdps(140):
        p, q = (mp.mpf(power.numerator) / power.denominator for power in powers)
        scale = mp.mpf(1) if t.system.at[0] != 1 else _sharp(c)
        kappa = _sharp(kappa)
        x = mp.mpf(10) ** 6

        def derivatives(series, action, exponent, scale):
            """u, u', u'', u''' of c x^p exp(-A kappa x^q) sum a_n (kappa x^q)^-(n + exponent)."""
            rows = [(scale * a * kappa ** -(n + exponent), p - q * (n + exponent)) for n, a in enumerate(series)]
            result = []
            for _ in range(4):
                result.append(mp.fsum(a * x**e for a, e in rows))
                rows = [(a * e, e - 1) for a, e in rows] + [(-a * action * kappa * q, e + q - 1) for a, e in rows]
            return result

        base = derivatives([mp.mpf(a.numerator) / a.denominator for a in t[0].coefficients], 0, 0, scale)
        left = residual(x, base)
        h = 1 / (kappa * x**q)
        assert abs(left) < mp.mpf(10) ** 12 * abs(h) ** 11 * (1 + abs(residual(x, [0, 0, 0, 0])))
        # The first sector, without its exponential at this x, solves the linearised equation.
        action = mp.mpf(int(t.actions[0].p)) / int(t.actions[0].q)
        beta = mp.mpf(t[1].exponent.numerator) / t[1].exponent.denominator
        tiny = mp.mpf(10) ** -40
        step = derivatives([mp.mpf(a.numerator) / a.denominator for a in t[1].coefficients], action, beta, tiny)
        varied = (residual(x, [a + b for a, b in zip(base, step, strict=True)]) - left) / tiny
        plain = (residual(x, [a + b * (i == 0) for i, (a, b) in enumerate(zip(base, step, strict=True))]) - left) / tiny
        assert abs(varied) < mp.mpf(10) ** -20 * abs(plain)


def _sharp(value):
    """The square or fourth root of a small rational that a float stands for, or the float."""
    for power in (1, 2, 3, 4, 6):
        fraction = Fraction(abs(value) ** power).limit_denominator(20000)
        root = mp.root(mp.mpf(fraction.numerator) / fraction.denominator, power)
        if abs(root - abs(value)) < 1e-14:
            return root * (1 if value > 0 else -1)
    return mp.mpf(value)


def _exponents(change):
    """p and q from the text."""
    left, right = change.split(", g = ")[0], change.split(", g = ")[1]
    p = Fraction(left.split("x^(")[1].split(")")[0]) if "x^(" in left else Fraction(1 if "x y" in left else 0)
    q = abs(Fraction(right.split("x^(")[1].split(")")[0])) if "x^(" in right else Fraction(1)
    return p, q


def _kappa(change):
    if "kappa" not in change:
        return 1
    text = change.split(", ")[2]
    name, value = text.split(" = ")
    power = int(name.split("^")[1]) if "^" in name else 1
    return float(Fraction(value)) ** (1 / power)


# -- sums -------------------------------------------------------------------------------------------------------------

reciprocal_series = T.from_system(RECIPROCAL, at={"y": 1}, order=4, terms=30)
airy_series = T.from_ode("u' = x - u^2", leading=1, order=4, terms=30)


@pytest.mark.parametrize("side", ["above", "below", "median"])
@pytest.mark.parametrize("sigma", [0, 1, "-5/2", "1/2+2j"])
def test_sums_of_a_reciprocal_on_its_stokes_line(side, sigma):
    stokes = RECIPROCAL_STOKES if side == "median" else None
    found = reciprocal_series.sum("1/7", sigma, 10, side=side, stokes_constant=stokes)
    number = {"-5/2": -2.5, "1/2+2j": 0.5 + 2j}.get(sigma, sigma)
    exact = reciprocal(mp.mpf(1) / 7, mp.mpmathify(number), side)
    assert covers(found, exact)
    assert found.status == "estimated"
    assert found.error < 1e-8


@pytest.mark.parametrize("side", ["above", "below", "median"])
@pytest.mark.parametrize("sigma", [0, "3/2"])
def test_sums_of_the_logarithmic_derivative_of_airy_functions(side, sigma):
    g = mp.mpf(1) / 7
    stokes = -2 * sympy.I if side == "median" else None
    found = airy_series.sum("1/7", sigma, 10, side=side, stokes_constant=stokes)
    assert covers(found, airy_quotient(g ** (-mp.mpf(2) / 3), mp.mpmathify(sigma), side))
    assert found.error < 1e-8


def test_wrong_signs_are_seen():
    """What the tests above would miss if the error were large: each wrong choice is refuted."""
    g, sigma = mp.mpf(1) / 7, mp.mpf(1)
    above = reciprocal_series.sum("1/7", 1, 10, side="above")
    assert not covers(above, reciprocal(g, sigma, "below"))
    assert not covers(above, reciprocal(g, -sigma, "above"))
    wrong = -RECIPROCAL_STOKES
    median = reciprocal_series.sum("1/7", 1, 10, side="median", stokes_constant=wrong)
    assert median.error > 1e-4  # the two ways to the median sum disagree, and the error says so


@pytest.mark.parametrize("sigma", [0, 2, "-7/3"])
def test_the_median_sum_is_real_by_either_way(sigma):
    """S_above F(sigma - S/2) and S_below F(sigma + S/2), each real within its error, and the same number."""
    for t, stokes, exact in (
        (reciprocal_series, RECIPROCAL_STOKES, lambda s: reciprocal(mp.mpf(1) / 7, s, "median")),
        (airy_series, -2 * sympy.I, lambda s: airy_quotient(mp.mpf(7) ** (mp.mpf(2) / 3), s, "median")),
    ):
        number = sympy.Rational(sigma)
        above = t.sum("1/7", number - stokes / 2, 10, side="above")
        below = t.sum("1/7", number + stokes / 2, 10, side="below")
        truth = exact(mp.mpf(number.p) / number.q)
        assert above.contains(below)
        for way in (above, below):
            assert abs(way.value.imag) <= way.error
            assert covers(way, truth)
        median = t.sum("1/7", number, 10, side="median", stokes_constant=stokes)
        assert covers(median, truth)
        assert abs(median.value.imag) < 1e-15


def test_a_stokes_constant_with_an_error_widens_the_median_sum():
    stokes = Enclosure(mpmath.mpc(0, "-6.28"), mpmath.mpf("0.01"), "estimated")
    sharp = reciprocal_series.sum("1/7", 0, 10, side="median", stokes_constant=RECIPROCAL_STOKES)
    blurred = reciprocal_series.sum("1/7", 0, 10, side="median", stokes_constant=stokes)
    assert blurred.error > 1e-6 > sharp.error
    assert covers(blurred, reciprocal(mp.mpf(1) / 7, mp.mpf(0), "median"))


def test_sums_away_from_the_stokes_line_need_no_side():
    t = T.from_system({"y": "y + g*y^2"}, order=8, terms=30)
    for g, sigma in (("1/4", 1), ("1/4+1j/10", "2-1j"), ("1/9", -3)):
        found = t.sum(g, sigma, 10, continuation="pade")
        with mp.workdps(40):
            value = mp.mpf(1) / 4 + mp.mpf(1) / 10 * 1j if "j" in g else mp.mpf(1) / int(g[2:])
            s = mp.mpmathify(complex(sigma) if isinstance(sigma, str) else sigma) * mp.exp(-1 / value)
            w = mp.exp(1 / value) * mp.expint(1, 1 / value)
            exact = s / (1 - s * w)
        assert covers(found, exact)
        assert found.error < 1e-7 * abs(exact)


def test_a_linear_equation_is_summed_without_a_word_on_what_is_left_out():
    """Euler's equation g^2 y' = y - g: complete with two sectors, certified where the germ is known."""
    t = T.from_system({"y": "y - g"}, order=1, terms=30)
    assert t.is_complete
    assert t[0].coefficients[:5] == (0, 1, 1, 2, 6)
    for side in ("above", "below"):
        found = t.sum("1/6", 3, 12, side=side)
        assert covers(found, euler_integral(mp.mpf(1) / 6, side) + 3 * mp.exp(-6))
    import resurgence as rs

    germ = rs.models.euler.series(20)
    known = T([germ * 1, FormalSeries([1] * 1, action=1)], is_complete=True)
    assert known.sum("1/6", 0, 8, side="above", continuation="pade").status == "estimated"
    certified = T([germ], is_complete=True).sum("1/6", 0, 20, side="above")
    assert certified.status == "certified"
    assert covers(certified, 6 * euler_integral(mp.mpf(1) / 6, "above"))


@settings(max_examples=25)
@given(
    size=st.floats(-3, -0.4),
    turn=st.floats(-3.1, 3.1),
    order=st.integers(2, 8),
    inverse=st.floats(0.5, 8),
    kind=st.sampled_from(["logistic", "Weierstrass", "soliton"]),
)
def test_the_error_covers_the_sectors_left_out(size, turn, order, inverse, kind):
    """Sectors without corrections: geometric, k r^k, and odd k alone. What is left is the sum over sectors."""
    t = SOLITONS[kind](order)
    g = 1 / inverse
    sigma = complex(mp.mpf(10) ** size * mp.expj(turn) * mp.exp(inverse))
    s = sigma * mp.exp(-1 / mp.mpf(g))
    exact = {
        "logistic": lambda: s / (1 + s),
        "Weierstrass": lambda: s / (1 - s / 6) ** 2,
        "soliton": lambda: s / (1 + s**2 / 4),
    }[kind]()
    if kind == "soliton" and order == 2:  # one sector that is not zero
        with pytest.raises(ValueError, match="higher order"):
            t.sum(g, 1, 15, side="above", continuation="pade")
        return
    found = t.sum(g, sigma, 15, side="above", continuation="pade")
    assert covers(found, exact)


def _memo(function):
    known = {}
    return lambda order: known.setdefault(order, function(order))


SOLITONS = {
    "logistic": _memo(lambda n: T.from_system({"y": "y - y^2"}, order=n, terms=12)),
    # With t = 1/g: y'' = y + y^2 and y'' = y - 2 y^3.
    "Weierstrass": _memo(lambda n: T.from_system({"u": "v", "v": "u + u^2"}, order=n, terms=12)),
    "soliton": _memo(lambda n: T.from_system({"u": "v", "v": "u - 2*u^3"}, order=n, terms=12)),
}


def test_sums_that_do_not_converge_are_refused():
    t = T.from_system({"y": "y - y^2"}, order=6, terms=12)
    with pytest.raises(ValueError, match="does not converge"):
        t.sum("1/2", 20, 8, side="above")
    with pytest.raises(ValueError, match="higher order"):
        T.from_system({"y": "y - y^2"}, order=1, terms=12).sum("1/9", 1, 8, side="above")


# -- the object -------------------------------------------------------------------------------------------------------


def test_products_and_sums_of_trans_series_are_those_of_functions():
    """y = s/(1 + s): y - y^2 = s/(1 + s)^2, whose sectors are (-1)^(k-1) k."""
    t = T.from_system({"y": "y - y^2"}, order=5, terms=4)
    minus = T([FormalSeries([-1, 0, 0, 0])] + [FormalSeries([0] * 4, action=k) for k in range(1, 6)])
    rest = t + minus * t * t
    assert [rest[k].coefficients[0] for k in range(6)] == [(-1) ** (k - 1) * k if k else 0 for k in range(6)]
    assert t != rest
    assert t == T(t.sectors)
    assert t != 5


def test_printing():
    t = T.from_ode("u'' = 6*u^2 - x", actions=[1, -1], order=3, terms=3)
    text = str(t)
    assert "sigma_1^2*sigma_2 log(g):  exp(-1/g) g^(1/2) (-5/12 + " in text
    latex = t._repr_latex_()
    assert latex.startswith("$")
    assert latex.count("$") == 2
    assert r"\sigma_{1}^{2} \sigma_{2}\, \log g" in latex
    assert "6 sectors" not in repr(t)
    assert "10 sectors" in repr(t)
    data = json.loads(json.dumps(t.to_dict()))
    assert data["parameters"] == ["sigma_1", "sigma_2"]
    assert data["actions"] == ["1", "-1"]
    logs = [s for s in data["sectors"] if s["log"]]
    assert [s["index"] for s in logs] == [[2, 1], [1, 2]]
    assert logs[0]["coefficients"] == ["-5/12", "5/96", "-15/512"]
    irrational = T.from_system({"u": "v", "v": "2*u + g + u^3"}, order=1, terms=3).to_dict()
    assert irrational["actions"] == ["sqrt(2)"]


BAD = {
    "no system": (lambda: T.from_system("y"), TypeError, "mapping"),
    "no equations": (lambda: T.from_system({}), TypeError, "mapping"),
    "a strange name": (lambda: T.from_system({"y z": "y"}), ValueError, "name"),
    "the variable as unknown": (lambda: T.from_system({"g": "g"}), ValueError, "both"),
    "a variable nobody knows": (lambda: T.from_system({"y": "y + h"}), ValueError, "holds h"),
    "a call": (lambda: T.from_system({"y": "exp(y)"}), ValueError, "not a polynomial"),
    "code": (lambda: T.from_system({"y": "__import__('os')"}), ValueError, "not a polynomial"),
    "a start that is no root": (lambda: T.from_system({"y": "y - 1"}), ValueError, "has to be 0"),
    "a float start": (lambda: T.from_system({"y": "y - 1"}, at={"y": 1.0}), ValueError, "exact"),
    "a start for another": (lambda: T.from_system({"y": "y - g"}, at={"z": 1}), ValueError, "unknowns are y"),
    "a singular Jacobian": (lambda: T.from_system({"y": "y^2 - g^2"}), ValueError, "singular"),
    "a double eigenvalue": (lambda: T.from_system({"u": "u + v", "v": "v + g"}), ValueError, "multiple"),
    "an irrational beta": (
        lambda: T.from_system({"u": "v", "v": "2*u + g + u^2"}),
        ValueError,
        "not rational",
    ),
    "three exponentials": (
        lambda: T.from_system({"u": "u", "v": "2*v", "w": "3*w"}),
        ValueError,
        "choose by actions",
    ),
    "no eigenvalue": (lambda: T.from_system({"y": "y - g"}, actions=[2]), ValueError, "not an eigenvalue"),
    "the same twice": (lambda: T.from_system({"y": "y - g"}, actions=[1, 1]), ValueError, "differ"),
    "a float action": (lambda: T.from_system({"y": "y - g"}, actions=[1.0]), TypeError, "exact"),
    "an action alone": (lambda: T.from_system({"y": "y - g"}, actions=1), ValueError, "one or two"),
    "two fields": (
        lambda: T.from_system({"u": "v", "v": "2*u", "w": "z", "z": "3*w"}),
        ValueError,
        "different number fields",
    ),
    "an unknown that is none": (lambda: T.from_system({"y": "y - g"}, of="z"), ValueError, "of must be"),
    "no terms": (lambda: T.from_system({"y": "y - g"}, terms=0), ValueError, "terms"),
    "a broken order": (lambda: T.from_system({"y": "y - g"}, order=1.5), TypeError, "order"),
    "a negative order": (lambda: T.from_system({"y": "y - g"}, order=-1), ValueError, "order"),
    "no equation": (lambda: T.from_ode(5), TypeError, "text"),
    "no derivative": (lambda: T.from_ode("u = x"), ValueError, "one unknown"),
    "two equations": (lambda: T.from_ode("u' = x = u"), ValueError, "one sign"),
    "two variables": (lambda: T.from_ode("u' = x*t - u"), ValueError, "one variable"),
    "no balance": (lambda: T.from_ode("u'' = x*u"), ValueError, "none"),
    "two balances": (lambda: T.from_ode("u'' = 2*u^3 - x*u - 1"), ValueError, "Choose one by power"),
    "two branches": (lambda: T.from_ode("u' = (u - x)*(u - 2*x) + 1"), ValueError, "Choose one by leading"),
    "a complex branch": (lambda: T.from_ode("u'' = 2*u^3 + x*u"), ValueError, "turn x"),
    "rank two": (lambda: T.from_ode("u' = u^2 - x^2 + x"), ValueError, "not of rank one"),
    "a factor of the highest derivative": (lambda: T.from_ode("u*u'' = u^2 - x"), ValueError, "highest derivative"),
    "no sectors": (lambda: T([]), ValueError, "at least one"),
    "a number as sectors": (lambda: T(5), TypeError, "FormalSeries"),
    "a number as sector": (lambda: T([5]), TypeError, "FormalSeries"),
    "a gap": (lambda: T({0: FormalSeries([1]), 2: FormalSeries([1], action=2)}), ValueError, "missing"),
    "uneven actions": (
        lambda: T([FormalSeries([1], action=a) for a in (0, 1, 3)]),
        ValueError,
        "not that of k times A",
    ),
    "a negative sector": (lambda: T({-1: FormalSeries([1])}), ValueError, "non-negative"),
    "a weight of nothing": (lambda: T([FormalSeries([1])], weights={3: 1}), ValueError, "not given"),
    "a weight that is text": (lambda: T([FormalSeries([1])], weights={0: "x"}), TypeError, "sympy"),
    "g = 0": (lambda: reciprocal_series.sum(0), ValueError, "zero"),
    "no side": (lambda: reciprocal_series.sum("1/7", 0, 8), StokesLineError, "side="),
    "a strange side": (lambda: reciprocal_series.sum("1/7", side="left"), ValueError, "side"),
    "a median without S": (lambda: reciprocal_series.sum("1/7", side="median"), ValueError, "stokes_constant"),
    "a median elsewhere": (
        lambda: reciprocal_series.sum("1/7+1j", side="median", stokes_constant=1),
        ValueError,
        "does not lie there",
    ),
    "digits": (lambda: reciprocal_series.sum("1/7", digits=0), ValueError, "digits"),
    "a sum of two parameters": (
        lambda: T.from_ode("u'' = 6*u^2 - x", actions=[1, -1], order=1, terms=9).sum("1/7"),
        ValueError,
        "two parameters",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    call, error, message = BAD[case]
    with pytest.raises(error, match=message):
        call()
