"""Bad input: what is refused, with which exception, and what the message says."""

import math
from fractions import Fraction

import mpmath
import pytest
import sympy

import resurgence as rs

A = rs.Action
S = rs.FormalSeries
euler = S.from_function(math.factorial, 40)
alternating = S.from_function(lambda n: (-1) ** n * math.factorial(n), 40)
quartic = rs.models.quartic
NAN, INF = float("nan"), float("inf")

EULER = "x^3*y'' + (x^2 + x)*y' - y = 0"
equation = S.from_ode(EULER, [0, 1])

CASES = {
    # equations
    "no equation": (lambda: S.from_ode(5, [1]), TypeError, r"list"),
    "an equation without unknown": (lambda: S.from_ode("x + 1", [1]), ValueError, r"one unknown"),
    "an equation with two unknowns": (lambda: S.from_ode("y' + z' = 0", [1]), ValueError, r"one unknown"),
    "a nonlinear equation": (lambda: S.from_ode("y'*y - x = 0", [1]), ValueError, r"linear"),
    "an inhomogeneous equation": (lambda: S.from_ode("y' - 1 = 0", [1]), ValueError, r"homogeneous"),
    "a call in an equation": (lambda: S.from_ode("exp(x)*y' + y", [1]), ValueError, r"polynomial"),
    "code in an equation": (lambda: S.from_ode("__import__('os')*y'", [1]), ValueError, r"unknown|polynomial|only"),
    "two variables": (lambda: S.from_ode(["x", "t"], [1]), ValueError, r"one variable"),
    "a float coefficient": (lambda: S.from_ode([1.5, 1], [1]), TypeError, r"coefficient|polynomial|rational"),
    "the zero operator": (lambda: S.from_ode([0, 0], [1]), ValueError, r"zero"),
    "too few initial coefficients": (lambda: S.from_ode(EULER, [0]), ValueError, r"a_1"),
    "initial coefficients that do not fit": (lambda: S.from_ode(EULER, [1, 1]), ValueError, r"fails"),
    "no power series": (lambda: S.from_ode("2*x*y' - y = 0", [1]), rs.NoPowerSeriesError, r"power-series"),
    "an initial coefficient that is NaN": (lambda: S.from_ode(EULER, [0, NAN]), ValueError, r"finite"),
    "an irrational initial coefficient": (lambda: S.from_ode(EULER, [0, sympy.pi]), ValueError, r"rational"),
    "level one half": (
        lambda: rs.borel_sum(S.from_recurrence(["-(2*n + 1)*(2*n + 2)", 1], [1], 3), "1/9"),
        rs.LevelError,
        r"level",
    ),
    "a recurrence that is a text": (lambda: S.from_recurrence("n", [1], 3), TypeError, r"callable or a sequence"),
    "an equation on its Stokes line": (lambda: rs.borel_sum(equation, -1), rs.StokesLineError, r"-1"),
    "an equation outside the half-plane": (
        lambda: rs.borel_sum(equation, 1, direction=2),
        ValueError,
        r"within pi/2",
    ),
    "a path into a singular point": (lambda: equation.borel().continue_along([-2]), ValueError, r"go around"),
    "a guess from floats": (lambda: S([1.0, 2.5]).guess_ode(), ValueError, r"exact"),
    "a guess without surplus": (lambda: euler.guess_ode(surplus=-1), ValueError, r"surplus"),
    # actions: text
    "not text": (lambda: A(5), TypeError, r"text|sympy"),
    "no text": (lambda: A(""), ValueError, r"empty"),
    "not Python": (lambda: A("x**"), ValueError, r"syntax|cannot|read|understand|parse"),
    "a call": (lambda: A("sin(x)"), ValueError, r"polynomial"),
    "an import": (lambda: A("__import__('os').system('true')"), ValueError, r"polynomial|not allowed|only"),
    "an attribute": (lambda: A("x.__class__"), ValueError, r"polynomial|not allowed|only"),
    "a subscript": (lambda: A("x[0]"), ValueError, r"polynomial|not allowed|only"),
    "a lambda": (lambda: A("(lambda: x)()"), ValueError, r"polynomial|not allowed|only"),
    "a comprehension": (lambda: A("[x for x in y]"), ValueError, r"polynomial|not allowed|only"),
    "a walrus": (lambda: A("(x := 2)"), ValueError, r"polynomial|not allowed|only"),
    "a string": (lambda: A("'x' + x"), ValueError, r"polynomial|not allowed|number|only"),
    "a comparison": (lambda: A("x < 2"), ValueError, r"polynomial|not allowed|only"),
    "negative power": (lambda: A("x**-2"), ValueError, r"power|exponent"),
    "fractional power": (lambda: A("x**0.5"), ValueError, r"power|exponent"),
    "variable power": (lambda: A("2**x"), ValueError, r"power|exponent"),
    "division by a variable": (lambda: A("1/x"), ValueError, r"divi"),
    "division by zero": (lambda: A("x**2/0"), ValueError, r"zero"),
    "complex coefficient": (lambda: A("x**2 + 1j*x"), ValueError, r"not allowed"),
    "huge power": (lambda: A("x**100000"), ValueError, r"degree|power"),
    "tower of powers": (lambda: A("9**9**9**9*x"), ValueError, r"large|power|long|digits"),
    "huge expansion": (lambda: A("(x + y + z + 1)**199"), ValueError, r"terms|large"),
    # actions: sympy
    "sympy function": (lambda: A(sympy.sin(sympy.Symbol("x"))), ValueError, r"polynomial"),
    "sympy irrational": (lambda: A(sympy.sqrt(2) * sympy.Symbol("x") ** 2), ValueError, r"rational"),
    "sympy float": (lambda: A(0.1 * sympy.Symbol("x") ** 2), ValueError, r"rational"),
    # actions: critical points
    "constant": (lambda: A("3").critical_values(), ValueError, r"constant"),
    "no critical point": (lambda: A("x").critical_values(), ValueError, r"no critical point"),
    "circle of critical points": (lambda: A("(x^2+y^2-1)^2").critical_values(), ValueError, r"isolated"),
    "unused direction": (lambda: A("(x - y)^2").critical_values(), ValueError, r"isolated"),
    "not a critical point": (lambda: A("x^2 + x^4").expand(5, at=1), ValueError, r"not a critical point"),
    "wrong number of coordinates": (
        lambda: A("x^2 + y^2").expand(5, at=0),
        ValueError,
        r"each of the variables x, y: 2",
    ),
    "degenerate point": (lambda: A("x^4").expand(5, at=0), ValueError, r"degenerate"),
    "no terms": (lambda: A("x^2 + x^4").expand(0, at=0), ValueError, r"must lie between 1 and"),
    "terms not an integer": (lambda: A("x^2 + x^4").expand(5.0, at=0), TypeError, r"integer"),
    # series
    "empty series": (lambda: S([]), ValueError, r"at least one"),
    "series of text": (lambda: S("1, 2"), TypeError, r"sequence of numbers"),
    "NaN coefficient": (lambda: S([1, NAN]), ValueError, r"finite"),
    "infinite coefficient": (lambda: S([1, mpmath.inf]), ValueError, r"finite"),
    "symbolic coefficient": (lambda: S([sympy.Symbol("a")]), TypeError, r"number is needed"),
    "leroy -1": (lambda: euler.borel(-1), ValueError, r"above -1"),
    "leroy irrational": (lambda: euler.borel(sympy.sqrt(2)), ValueError, r"rational"),
    # Padé
    "too few terms for Padé": (lambda: euler.borel().pade(30, 30), ValueError, r"61"),
    "negative order": (lambda: euler.borel().pade(-1, 3), ValueError, r"-1"),
    "order not an integer": (lambda: euler.borel().pade(1.5, 3), TypeError, r"integer"),
    "imprecise coefficients": (
        lambda: S([mpmath.mpf(1) / (n + 1) * math.factorial(n) for n in range(81)]).borel().pade(40, 40).poles(),
        ValueError,
        r"bits",
    ),
    "Padé digits": (lambda: euler.borel().pade(5, 5).poles(digits=0), ValueError, r"digits"),
    # sums
    "g zero": (lambda: rs.borel_sum(alternating, 0), ValueError, r"g must|zero|not be 0"),
    "g NaN": (lambda: rs.borel_sum(alternating, NAN), ValueError, r"finite"),
    "g infinite": (lambda: rs.borel_sum(alternating, INF), ValueError, r"finite"),
    "g text": (lambda: rs.borel_sum(alternating, "one tenth"), ValueError, r"not a number"),
    "g None": (lambda: rs.borel_sum(alternating, None), TypeError, r"number is needed"),
    "g list": (lambda: rs.borel_sum(alternating, [1]), TypeError, r"number is needed"),
    "not a series": (lambda: rs.borel_sum([1, 2, 3], 1), TypeError, r"FormalSeries"),
    "digits zero": (lambda: rs.borel_sum(alternating, 1, digits=0), ValueError, r"digits"),
    "digits not an integer": (lambda: rs.borel_sum(alternating, 1, digits=2.5), TypeError, r"digits"),
    "wrong side": (lambda: rs.borel_sum(euler, 1, side="left"), ValueError, r"above.*below.*median"),
    "side of another type": (lambda: rs.borel_sum(euler, 1, side=1), (TypeError, ValueError), r"side"),
    "on a Stokes line": (lambda: rs.borel_sum(euler, "1/10"), ValueError, r"side"),
    "model on a Stokes line": (lambda: quartic.exact("-1/10"), ValueError, r"-1/4"),
    "direction too far": (lambda: rs.borel_sum(alternating, 1, direction=3.0), ValueError, r"direction"),
    "direction NaN": (lambda: rs.borel_sum(alternating, 1, direction=NAN), ValueError, r"finite"),
    "too few terms for a sum": (lambda: rs.borel_sum(S([1, -1]), 1), ValueError, r"needs at least 4 coefficients"),
    "Gevrey-2 sum": (
        lambda: rs.borel_sum(S.from_function(lambda n: (-1) ** n * math.factorial(2 * n), 40), 1),
        ValueError,
        r"radius 0|Gevrey",
    ),
    "Levin on a Stokes line": (lambda: rs.levin_u(euler, 1), ValueError, r"alternat|Stokes"),
    "optimal truncation at 0": (lambda: rs.optimal_truncation(euler, 0), ValueError, r"g must|zero|not be 0"),
    # singularities
    "too few terms for singularities": (
        lambda: S([1, 1, 2]).borel().singularities(),
        ValueError,
        r"terms|coefficients",
    ),
    "Gevrey-2 singularities": (
        lambda: S.from_function(lambda n: math.factorial(2 * n), 40).borel().singularities(),
        ValueError,
        r"radius 0|Gevrey",
    ),
    # models and verification
    "unknown model": (lambda: rs.models.get("quartik"), ValueError, r"quartic"),
    "model of another type": (lambda: rs.models.get(3), TypeError, r"name"),
    "bessel_k needs a rational order": (lambda: rs.models.bessel_k(sympy.sqrt(2)), ValueError, r"rational"),
    "exact at 0": (lambda: quartic.exact(0), ValueError, r"g must|zero|not be 0"),
    "verify a number": (lambda: rs.verify(3), TypeError, r"verify takes"),
    "verify an unknown name": (lambda: rs.verify("nothing"), ValueError, r"nothing"),
    "claim at 0": (lambda: rs.verify("quartic", claims=[0]), ValueError, r"other than 0"),
    "claim NaN": (lambda: rs.verify("quartic", claims=[NAN]), ValueError, r"finite"),
    "claim of another type": (lambda: rs.verify("quartic", claims=["here"]), ValueError, r"not a number"),
    "claimed exponent": (
        lambda: rs.verify("quartic", claims=[rs.Claim("-1/4", exponent=sympy.sqrt(2))]),
        ValueError,
        r"exponent must be rational",
    ),
    "at for a model": (lambda: rs.verify("quartic", at=0), TypeError, r"at="),
    # from coefficients alone
    "an unknown continuation": (lambda: rs.borel_sum(alternating, 1, continuation="best"), ValueError, r"auto, pade"),
    "a map for an entire germ": (lambda: rs.borel_sum(S([1] * 40), 1, continuation="conformal"), ValueError, r"no map"),
    "a value of the germ at NaN": (lambda: alternating.borel().continued_to(NAN), ValueError, r"finite|nan"),
    "sectors of numbers": (lambda: rs.neighbouring_sectors([1, 2]), TypeError, r"takes a FormalSeries"),
    "a sector at zero": (lambda: rs.neighbouring_sectors(euler, at=[0]), ValueError, r"zero"),
    "too high an order": (lambda: rs.levin([1, 2, 4], 2), ValueError, r"between 0 and 1"),
    "elimination from numbers": (lambda: rs.eliminate([1, 2], 1, 0), TypeError, r"FormalSeries"),
    "elimination at zero": (lambda: rs.eliminate(quartic.series(30), 0, 0), ValueError, r"zero|0"),
    "an irrational exponent": (
        lambda: rs.eliminate(quartic.series(30), "-1/4", sympy.sqrt(2)),
        ValueError,
        r"rational",
    ),
    "too high a level": (lambda: rs.hyperasymptotics(quartic, "1/10", 4), ValueError, r"between 0 and 3"),
    "hyperasymptotics of a name": (lambda: rs.hyperasymptotics("quartic", "1/10"), TypeError, r"SaddleNetwork"),
    "an unknown scheme": (lambda: rs.hyperasymptotics(quartic, "1/10", scheme="best"), ValueError, r"optimal, halving"),
    # trans-series and their models
    "code in a nonlinear equation": (lambda: rs.TransSeries.from_ode("u' = __import__('os')"), ValueError, r"."),
    "an energy at a negative coupling": (lambda: rs.models.anharmonic.exact("-1/10"), ValueError, r"rational g > 0"),
    "a side of an energy": (
        lambda: rs.models.quantum_double_well.exact("1/10", side="above"),
        ValueError,
        r"median_sum",
    ),
    "the median of Painlevé I": (lambda: rs.models.painleve_one.exact("1/10", side="median"), ValueError, r"median"),
    "a pole of the tritronquée": (lambda: rs.models.painleve_one.tritronquee(-3), ValueError, r"pole"),
    "a potential without bound": (lambda: rs.ground_state_energy("x**2 - x**4"), (TypeError, ValueError), r"."),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_with_a_sentence(case):
    call, exception, message = CASES[case]
    with pytest.raises(exception, match=message) as caught:
        call()
    sentence = str(caught.value)
    assert 10 < len(sentence) < 500
    assert "Traceback" not in sentence


def test_the_table_is_long_enough():
    assert len(CASES) >= 60


def test_a_convergent_series_has_a_plain_sum_and_no_singularities():
    geometric = S.from_function(lambda n: Fraction(1, 3**n), 60)
    assert rs.borel_sum(geometric, 1).contains(Fraction(3, 2))
    assert geometric.borel().singularities() == ()
