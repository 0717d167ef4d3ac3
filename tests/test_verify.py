"""verify: it confirms what is true, and refutes what is false, on every kind of input."""

import json
import math
from fractions import Fraction

import mpmath
import pytest
import sympy

import resurgence as rs
from resurgence.numbers import ball

HIMMELBLAU = "(x**2+y-11)**2+(x+y**2-7)**2"


def _row(v, exact):
    (row,) = [row for row in v.rows if row.exact == exact]
    return row


@pytest.mark.parametrize(
    "name",
    ["euler", "euler_alternating", "quartic", "cubic", "double_well", "stirling", "error_function", "bessel_k(1/3)"],
)
def test_every_model_is_verified(name):
    v = rs.verify(name)
    assert v, str(v)
    nearest = v.rows[0]
    assert nearest.status == nearest.location_status == "proved"
    assert nearest.adjacency == "adjacent"
    assert nearest.digits >= 15
    assert nearest.exponent == rs.models.get(name).singularities[0].exponent


def test_quartic_action():
    v = rs.verify(rs.Action("x**2 + x**4"))
    assert v
    saddle = _row(v, sympy.Rational(-1, 4))
    assert (saddle.multiplicity, saddle.location_status, saddle.status) == (2, "proved", "certified")
    assert "intersection numbers -1, -1" in saddle.reason
    assert saddle.exponent == 0
    assert saddle.digits >= 20
    assert _row(v, 0).adjacency == "expansion point"


def test_expansion_at_another_point_moves_the_origin():
    v = rs.verify(rs.Action("x**2*(1-x)**2"), at=Fraction(1, 2))
    assert v
    assert v.rows[0].exact == 0
    assert _row(v, sympy.Rational(-1, 16)).adjacency == "adjacent"


def test_himmelblau_finds_the_lowest_saddle():
    v = rs.verify(rs.Action(HIMMELBLAU), at=(3, 2), terms=100)
    assert v, str(v)
    assert [row.multiplicity for row in v.rows] == [4, 1, 1, 1, 1, 1]
    lowest = v.rows[1]
    assert lowest.adjacency == "adjacent"
    assert abs(float(lowest.numerical.location.real) - 13.3119262704) < 1e-8


def test_critical_values_off_the_first_sheet_are_told_apart():
    a = rs.Action("x**2/2 + x**3/3 + x**4/4")
    v = rs.verify(a, at=0)
    assert v
    assert {row.adjacency for row in v.rows} <= {"adjacent", "not adjacent", "not seen", "expansion point"}
    pair = [row for row in v.rows if row.adjacency == "adjacent"]
    assert len(pair) == 2
    assert all(row.digits >= 10 for row in pair)


@pytest.mark.parametrize(
    ("at", "seen", "unseen"),
    [
        (1, 5 * sympy.sqrt(5) / 8 - sympy.Rational(11, 8), -5 * sympy.sqrt(5) / 8 - sympy.Rational(11, 8)),
        ((sympy.sqrt(5) - 1) / 2, sympy.Rational(11, 8) - 5 * sympy.sqrt(5) / 8, -5 * sympy.sqrt(5) / 4),
    ],
)
def test_expansions_at_irrational_points(at, seen, unseen):
    """V has critical values 1/4 and (-9 ± 5 sqrt 5)/8; their differences lie in Q(sqrt 5)."""
    v = rs.verify(rs.Action("x**4/4 - x**2 + x"), at=at, terms=80)
    assert v
    found = [row for row in v.rows if row.numerical is not None]
    assert len(found) == 1
    assert _value(found[0]) == seen
    assert (found[0].adjacency, found[0].status) == ("adjacent", "certified")
    assert found[0].digits >= 15
    [other] = [row for row in v.rows if _value(row) == unseen]
    assert other.status == "certified"
    assert other.numerical is None


def test_which_critical_values_are_adjacent_is_certified():
    v = rs.verify(rs.Action(HIMMELBLAU), at=(3, 2), terms=40)
    adjacencies = [(row.adjacency, row.status) for row in v.rows[1:]]
    yes, no = ("adjacent", "certified"), ("not adjacent", "certified")
    assert adjacencies == [yes, yes, no, no, yes]


def test_a_claim_about_a_point_that_the_germ_does_not_see_is_refuted():
    a = rs.Action(HIMMELBLAU)
    values = sorted(a.critical_values(), key=lambda c: float(c.enclosure(20).value.real))
    saddle, unseen = values[2], values[3]  # 67.7, 104.0; their intersection numbers are -1 and 0
    v = rs.verify(
        a, claims=[saddle.algebraic, unseen.algebraic, rs.Claim(saddle.algebraic, exponent=1)], at=(3, 2), terms=40
    )
    assert [row.status for row in v.rows[:3]] == ["certified", "refuted", "refuted"]
    assert "intersection number 0" in v.rows[1].reason


def test_claims_about_points_that_only_the_germ_sees():
    a = rs.Action(HIMMELBLAU)
    saddle = sorted(a.critical_values(), key=lambda c: float(c.enclosure(20).value.real))[2].algebraic
    [known] = [
        p for p in a.expand(2, at=(3, 2)).germ.first_sheet() if abs(complex(ball(p.location, 64)) - 67.719) < 0.01
    ]
    right = rs.Claim(saddle, exponent=0, stokes_constant=known.stokes_constant)
    wrong = rs.Claim(saddle, exponent=0, stokes_constant=2)
    v = rs.verify(a, claims=[right, wrong], at=(3, 2), terms=40)
    assert [row.status for row in v.rows[:2]] == ["certified", "refuted"]
    assert "Stokes constant" in v.rows[1].reason


def test_a_series_with_an_equation():
    series = rs.FormalSeries.from_ode("x^3*y'' + (x^2 + x)*y' - y = 0", [0, 1], terms=60)
    v = rs.verify(series)
    [row] = v.rows
    assert (row.exact, row.location_status, row.status, row.adjacency) == (-1, "proved", "certified", "adjacent")
    assert v
    wrong = rs.verify(series, claims=[rs.Claim(-1, stokes_constant=2 * sympy.pi * sympy.I)])
    assert wrong.rows[0].status == "refuted"
    assert not rs.verify(series, claims=[2])


def test_differences_of_values_from_different_fields():
    """x^5/5 - ... has critical values of degree 4, one field each; differences from one of them are still exact."""
    a = rs.Action("x**5/5 - 2*x**3/3 - x**2 + x/3")
    saddle = next(p for p in a.critical_points() if not p.is_real)
    v = rs.verify(a, at=saddle, terms=60)
    assert v
    assert [row.adjacency for row in v.rows].count("adjacent") == 2
    assert sum(row.adjacency == "expansion point" for row in v.rows) == 1


def _value(row):
    return row.exact.to_sympy() if isinstance(row.exact, rs.AlgebraicNumber) else sympy.expand(row.exact)


# -- it can fail ------------------------------------------------------------------------------------------------------


def test_the_papers_claim_for_the_quartic_oscillator_is_refuted():
    """Singularities at k 2^(5/3)/3 on the positive axis: there is none there."""
    claims = [k * sympy.root(2, 3) ** 5 / 3 for k in (1, 2, 3)]
    for what in ("quartic", rs.models.quartic, rs.Action("x**2 + x**4")):
        v = rs.verify(what, claims=claims)
        assert not v
        assert [row.status for row in v.rows[:3]] == ["refuted"] * 3
        assert all("-1/4" in row.reason for row in v.refuted)


def test_the_same_claim_is_refuted_from_coefficients_alone():
    s = rs.FormalSeries(rs.models.quartic.series(121).coefficients)
    claim = sympy.root(2, 3) ** 5 / 3
    v = rs.verify(s, claims=[claim])
    assert not v
    assert v.rows[0].status == "refuted"
    assert v.rows[0].adjacency == "not adjacent"
    assert "Padé" in v.rows[0].reason


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        (rs.Claim("-1/4", exponent=Fraction(-1, 2)), "exponent"),
        (rs.Claim("-1/4", stokes_constant=2 * sympy.I), "Stokes constant"),
        ("-1/8", "disc of convergence|possible locations"),
        ("-251/1000", "sits at|possible locations"),
    ],
)
@pytest.mark.parametrize("bare", [True, False])
def test_wrong_claims_are_refuted_with_the_evidence(claim, evidence, bare):
    s = rs.models.quartic.series(100)
    v = rs.verify(rs.FormalSeries(s.coefficients) if bare else "quartic", claims=[claim])
    assert not v
    assert v.rows[0].status == "refuted"
    assert any(word in v.rows[0].reason for word in evidence.split("|"))


def test_right_claims_are_confirmed():
    right = rs.Claim("-1/4", exponent=0, stokes_constant=sympy.sqrt(2) * sympy.I)
    for what in ("quartic", rs.FormalSeries(rs.models.quartic.series(100).coefficients)):
        v = rs.verify(what, claims=[right])
        assert v
        assert v.rows[0].digits >= 15


def test_a_claim_out_of_reach_is_neither_confirmed_nor_refuted():
    # a logarithm at 1, and nothing known about what is behind its cut
    s = rs.FormalSeries([Fraction(math.factorial(n), n + 1) for n in range(40)])
    v = rs.verify(s, claims=[40])
    assert not v
    assert v.rows[0].status is None
    assert "undecided" in v.summary()


def test_evidence_that_no_critical_value_explains_refutes(monkeypatch):
    a = rs.Action("x**2 + x**4")
    values = tuple(c for c in a.critical_values() if c.value == 0)
    monkeypatch.setattr(rs.Action, "critical_values", lambda self: values)
    v = rs.verify(a)
    assert not v
    assert "where no exact value is" in v.refuted[0].reason


# -- series, and what is printed -------------------------------------------------------------------------------------


def test_a_bare_series_is_only_estimated():
    v = rs.verify(rs.FormalSeries([math.factorial(n) for n in range(60)], name="factorials"))
    assert v
    assert v.name == "factorials"
    assert [row.status for row in v.rows] == ["estimated"]
    assert v.rows[0].exact is None
    assert v.singularities[0].location_enclosure.contains(1)


def test_printing_and_json():
    v = rs.verify("quartic", terms=60)
    assert "-1/4" in str(v)
    assert str(v).splitlines()[0].startswith("quartic: verified")
    assert r"$- \frac{1}{4}$" in v._repr_markdown_()
    data = json.loads(json.dumps(v.to_dict()))
    assert data["verified"] is True
    assert data["rows"][0]["exact"] == "-1/4"
    himmelblau = rs.verify(rs.Action(HIMMELBLAU), at=(3, 2), terms=60)
    assert "degree 5" in str(himmelblau)
    assert json.dumps(himmelblau.to_dict())
    assert "13.3" in himmelblau._repr_markdown_()


def test_claims_of_every_kind_of_number():
    for claim in (-0.25, Fraction(-1, 4), mpmath.mpf("-0.25"), "-1/4", sympy.Rational(-1, 4), rs.Claim(-0.25)):
        assert rs.verify("quartic", claims=[claim], terms=60)
    v = rs.verify("stirling", claims=[14 * sympy.pi * sympy.I, 40 * sympy.pi * sympy.I])
    assert all(row.status != "refuted" for row in v.rows)
    assert not rs.verify("stirling", claims=[complex(0, 6.28)])


def test_a_claim_known_to_some_digits_is_compared_as_such():
    a = rs.Action(HIMMELBLAU)
    right = rs.Enclosure(mpmath.mpc("13.3119"), mpmath.mpf("5e-5"), "estimated")
    wrong = rs.Enclosure(mpmath.mpc("13.3121"), mpmath.mpf("5e-5"), "estimated")
    v = rs.verify(a, claims=[right], at=(3, 2), terms=60)
    assert v
    assert v.rows[0].exact is right
    assert "13.3119" in str(v)
    assert "13.3119" in v._repr_markdown_()
    assert not rs.verify(a, claims=[wrong], at=(3, 2), terms=60)
