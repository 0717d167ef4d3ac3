"""Section 2.1, equations (1)-(12): the integral whose asymptotic series is Euler's, sum n! g^n.

For g > 0 the integrand has a pole on the path. What the series sums to are the two lateral integrals I_+ and I_-, which
pass the pole above and below (x = zeta/g in the paper's (7)); they are computed here in balls along the rays through
1 + i and 1 - i, from the integrand alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

import sympy
from flint import acb, arb, fmpq

import resurgence as rs
from resurgence.numbers import working_precision

from .certified_integrals import BITS, laplace, shown
from .claim import Claim, Evidence, Form, NotCheckable

__all__ = ["CLAIMS", "inverts_the_laplace_transform", "lateral_integral"]

Side = Literal["above", "below"]

_SIDES: tuple[Side, Side] = ("above", "below")
_COUPLINGS = (fmpq(1, 2), fmpq(1, 5))
_ZETA = sympy.Symbol("zeta")
_T = sympy.Symbol("t", positive=True)
_G = sympy.Symbol("g", positive=True)


def lateral_integral(g: fmpq, side: Side) -> acb:
    """I_+ or I_-, the integral of exp(-x)/(1 - g x) from 0 to infinity on one side of the pole, certified.

    On the rays of :func:`laplace` the denominator is at least 1/sqrt 2 in size.

    >>> lateral_integral(fmpq(1, 5), "above").imag.overlaps(5 * arb.pi() * arb(-5).exp())
    True
    """
    with working_precision(BITS):
        return laplace(lambda x, _: 1 / (1 - g * x), side, arb(2), fmpq(1))


# -- (1) ---------------------------------------------------------------------------------------------------------------


def _converges(slope: int) -> Evidence:
    """Whether the ray from 0 with this slope keeps a distance from the pole at 1/g, and gives what the series sums to.

    The distance of 1/g from the ray through 1 + i m is m/(g sqrt(1 + m^2)), exactly; g = 1/5.
    """
    distance = 5 * abs(slope) / sympy.sqrt(1 + slope**2)
    figures = [("distance between the path and the pole at 1/g, g = 1/5", str(distance))]
    agree = False
    if distance > 0:
        side: Side = "above" if slope > 0 else "below"
        found = lateral_integral(fmpq(1, 5), side)
        summed = rs.borel_sum(rs.models.euler.series(8), "1/5", digits=30, side=side)
        agree = bool(found.overlaps(summed.ball(BITS)))
        figures += [("integral along the path", shown(found)), (f"sum of the series {side} the axis", summed.short(15))]
    else:
        holes = (1e-2, 1e-4, 1e-6)
        figures += [(f"integral up to 1/g - {hole:g}", shown(_up_to_the_pole(5 - hole), 8)) for hole in holes]
    return Evidence(agree, tuple(figures), "certified")


def _up_to_the_pole(end: float) -> arb:
    with working_precision(BITS):
        return acb.integral(lambda x, _: (-x).exp() / (1 - x / 5), 0, arb(end)).real


# -- (2) ---------------------------------------------------------------------------------------------------------------


def _solves_the_equation(coefficient: Callable[[int], int]) -> Evidence:
    """Integration by parts gives g^2 I' + (g - 1) I + 1 = 0, so n a_(n-1) = a_n; the first ones are moments too."""
    terms = 24
    wrong = [n for n in range(1, terms) if n * coefficient(n - 1) != coefficient(n)]
    moments = [sympy.integrate(_T**n * sympy.exp(-_T), (_T, 0, sympy.oo)) for n in range(5)]
    holds = not wrong and all(moments[n] == coefficient(n) for n in range(5))
    return Evidence(
        holds,
        (
            ("first coefficients", ", ".join(str(coefficient(n)) for n in range(5))),
            ("moments of exp(-x)", ", ".join(map(str, moments))),
            (f"terms of g^2 I' + (g - 1) I + 1 that are not zero, of {terms}", str(len(wrong))),
        ),
        "exact",
    )


def _radius(limit: sympy.Expr) -> Evidence:
    """The radius of convergence of sum n! g^n as the limit of a_n/a_(n+1)."""
    n = sympy.Symbol("n", positive=True, integer=True)
    found = sympy.limit(sympy.gammasimp(sympy.gamma(n + 1) / sympy.gamma(n + 2)), n, sympy.oo)
    return Evidence(bool(found == limit), (("lim n!/(n+1)!", str(found)),), "exact")


# -- (3) ---------------------------------------------------------------------------------------------------------------


def _is_the_integral(closed_form: Callable[[acb, Side], acb]) -> Evidence:
    figures, holds = [], True
    for g in _COUPLINGS:
        for side in _SIDES:
            with working_precision(BITS):
                claimed = closed_form(acb(g), side)
            found = lateral_integral(g, side)
            holds = holds and bool(claimed.overlaps(found))
            figures.append((f"integral {side} the pole, g = {g}", shown(found)))
            figures.append((f"closed form, g = {g}", shown(claimed)))
    return Evidence(holds, tuple(figures), "certified")


def _exponential_integral(g: acb, side: Side) -> acb:
    """(1/g) exp(-1/g) (Ei(1/g) +- i pi)."""
    turn = acb(0, arb.pi() if side == "above" else -arb.pi())
    return (-1 / g).exp() / g * ((1 / g).ei() + turn)


def _printed_incomplete_gamma(g: acb, side: Side) -> acb:
    """exp(1/g) Gamma(0, 1/g) = exp(1/g) E_1(1/g)."""
    return (1 / g).exp() * (1 / g).expint(acb(1))


# -- (4) ---------------------------------------------------------------------------------------------------------------


def _remainder(g: fmpq, terms: int) -> arb:
    """|I_+(g) - (the first terms of the series)|."""
    with working_precision(BITS):
        partial = sum((math.factorial(n) * g**n for n in range(terms)), fmpq(0))
        return abs(lateral_integral(g, "above") - partial)


def _remainder_order(order: Callable[[int], int]) -> Evidence:
    """Whether |I_+ - S_N|/g^order(N) stays bounded as g falls: it may not grow by 2 where g falls 64-fold."""
    figures, holds = [], True
    for terms in (1, 2, 4, 7):
        power = order(terms)
        ratios = [_remainder(g, terms) / g**power for g in (fmpq(1, 2**6), fmpq(1, 2**12))]
        holds = holds and bool(ratios[1] < 2 * ratios[0])
        figures.append((f"|I - S_{terms}|/g^{power} at g = 2^-6, 2^-12", ", ".join(shown(one, 8) for one in ratios)))
    return Evidence(holds, tuple(figures), "numeric")


def _least_term(rate: Fraction) -> Evidence:
    """Whether -g log of the least term tends to the rate: at N = 1/g it is g (N log N - log N!), exactly."""
    values = []
    for size in (10, 10**3, 10**5):
        with working_precision(BITS):
            values.append((arb(size).log() * size - arb(size + 1).lgamma()) / size)
    errors = [abs(value - arb(fmpq(rate.numerator, rate.denominator))) for value in values]
    holds = bool(errors[2] < arb("0.001")) and all(bool(b < a) for a, b in pairwise(errors))
    figures = tuple(
        (f"-g log(N! g^N) at g = 1/N = {g}", shown(value, 8))
        for g, value in zip(("1/10", "1/1000", "1/100000"), values, strict=True)
    )
    return Evidence(holds, figures, "numeric")


def _error_at_the_least_term(power: int) -> Evidence:
    """Whether |I_+ - S_N| exp(1/g) g^power, N = 1/g, stays bounded: it may not grow by 1.5 while g falls fourfold.

    Its imaginary part alone is pi/g times g^power for both lateral integrals.
    """
    sizes = []
    for inverse in (5, 20, 80):
        g = fmpq(1, inverse)
        with working_precision(BITS + 128):
            sizes.append(_remainder(g, inverse) * arb(inverse).exp() * arb(g) ** power)
    holds = all(bool(b < a * 3 / 2) for a, b in pairwise(sizes))
    return Evidence(
        holds,
        tuple(
            (f"|I - S_N| exp(1/g) g^{power} at g = {g}", shown(size, 8))
            for g, size in zip(("1/5", "1/20", "1/80"), sizes, strict=True)
        ),
        "numeric",
    )


def _gamma_coefficients(count: int) -> list[Fraction]:
    """The coefficients of Stirling's series for Gamma itself, exp of that of log Gamma (DLMF 5.11.1 and 5.11.3)."""
    logarithm = [Fraction(0)] * count
    for k in range(1, count // 2 + 1):
        bernoulli = sympy.bernoulli(2 * k)
        logarithm[2 * k - 1] = Fraction(int(bernoulli.p), int(bernoulli.q)) / (2 * k * (2 * k - 1))
    coefficients = [Fraction(1)]
    for n in range(1, count):
        coefficients.append(sum((k * logarithm[k] * coefficients[n - k] for k in range(1, n + 1)), Fraction(0)) / n)
    return coefficients


def _stirling_growth(claimed: Callable[[int], sympy.Expr]) -> Evidence:
    """Whether a_(2j+1) over what is claimed of it tends to 1: closer each time, and within 1 % at j = 40."""
    coefficients = _gamma_coefficients(84)
    steps = (5, 20, 40)
    ratios = [float(coefficients[2 * j + 1] / claimed(j)) for j in steps]
    distances = [abs(ratio - 1) for ratio in ratios]
    holds = distances[2] < 0.01 and distances[0] > distances[1] > distances[2]
    figures = tuple(
        (f"a_{2 * j + 1} over the claimed, j = {j}", f"{ratio:.6f}") for j, ratio in zip(steps, ratios, strict=True)
    )
    return Evidence(holds, figures, "numeric")


# -- non-convexity -----------------------------------------------------------------------------------------------------


def _diverges(action: rs.Action) -> bool:
    """Whether the series at 0 goes on: a polynomial action's series is a constant, or its Borel germ has a radius."""
    return any(action.expand(24, at=(0,) * action.dimension).coefficients[1:])


def _causes_divergence(predicts: Callable[[rs.Action], bool]) -> Evidence:
    """Whether every action whose series diverges has the property that is named."""
    figures, holds = [], True
    for text in ("x**2", "x**2 + x**4", "x**2 + x**3 + x**4", "x**2/2 - x**3/3", "x**2 + y**2 + x**2*y**2"):
        action = rs.Action(text)
        predicted, found = predicts(action), _diverges(action)
        holds = holds and (predicted or not found)
        figures.append(
            (f"{text}: diverges; named property", f"{'yes' if found else 'no'}; {'yes' if predicted else 'no'}")
        )
    return Evidence(holds, tuple(figures), "exact")


def _not_convex(action: rs.Action) -> bool:
    """Whether the Hessian, at rational points of a grid, has a negative principal minor (one or two variables)."""
    hessian = sympy.hessian(action.expression, action.variables)
    axis = [sympy.Rational(k, 4) for k in range(-12, 13)]
    points = [(x,) for x in axis] if action.dimension == 1 else [(x, y) for x in axis[::4] for y in axis[::4]]
    return any(
        minor < 0
        for point in points
        for at in [hessian.subs(dict(zip(action.variables, point, strict=True)))]
        for minor in (at[0, 0], at.det())
    )


def _other_critical_point(action: rs.Action) -> bool:
    """Whether there is a critical point besides the one at 0, complex ones included."""
    return sum(value.multiplicity for value in action.critical_values()) > 1


# -- (5)-(9) -----------------------------------------------------------------------------------------------------------


def _laplace_of_power(n: int) -> sympy.Expr:
    """(1/g) int_0^inf exp(-zeta/g) zeta^n d zeta, integrated by sympy."""
    return sympy.integrate(sympy.exp(-_T / _G) * _T**n, (_T, 0, sympy.oo)) / _G


def inverts_the_laplace_transform(weight: Callable[[int], sympy.Expr]) -> Evidence:
    """Whether the Laplace transform takes g-th powers divided by these weights back to what they were."""
    back = [sympy.simplify(_laplace_of_power(n) / weight(n)) for n in range(5)]
    return Evidence(
        all(term == _G**n for n, term in enumerate(back)),
        (("(1/g) int exp(-zeta/g) zeta^n/weight(n), n = 0..4", ", ".join(map(str, back))),),
        "exact",
    )


def _is_euler_germ(function: sympy.Expr) -> Evidence:
    terms = 12
    found = sympy.Poly(sympy.series(function, _ZETA, 0, terms).removeO(), _ZETA).all_coeffs()[::-1]
    quotients = [
        sympy.Rational(str(a)) / sympy.factorial(n) for n, a in enumerate(rs.models.euler.series(terms).coefficients)
    ]
    return Evidence(
        found == quotients,
        (("Taylor coefficients", ", ".join(map(str, found[:6]))), ("a_n/n!", ", ".join(map(str, quotients[:6])))),
        "exact",
    )


def _terms_as_integrals(term: Callable[[sympy.Expr, int], sympy.Expr]) -> Evidence:
    """Whether int exp(-zeta) term(zeta g, n) d zeta is g^n: what (9) puts in the place of each power."""
    back = [sympy.integrate(sympy.exp(-_T) * term(_T * _G, n), (_T, 0, sympy.oo)) for n in range(5)]
    return Evidence(
        all(sympy.simplify(one - _G**n) == 0 for n, one in enumerate(back)),
        (("the integrals in the place of g^0, ..., g^4", ", ".join(map(str, back))),),
        "exact",
    )


def _factorial(power: Callable[[int], int]) -> Evidence:
    """int exp(-t) t^power(n) dt, integrated by sympy, against the product 1 2 ... n."""
    found = [sympy.integrate(sympy.exp(-_T) * _T ** power(n), (_T, 0, sympy.oo)) for n in range(1, 7)]
    products = [math.prod(range(1, n + 1)) for n in range(1, 7)]
    return Evidence(
        found == products,
        (("integrals, n = 1..6", ", ".join(map(str, found))), ("1 2 ... n", ", ".join(map(str, products)))),
        "exact",
    )


# -- (7), (10)-(12) ----------------------------------------------------------------------------------------------------


def _borel_integral(g: fmpq, side: Side) -> acb:
    """int exp(-zeta/g)/(1 - zeta) d zeta on one side of the pole at 1, with no factor before it."""
    return laplace(lambda z, _: 1 / (1 - z), side, arb(2), g)


def _is_scaled_borel_integral(prefactor: Callable[[fmpq], fmpq]) -> Evidence:
    figures, holds = [], True
    for g in _COUPLINGS:
        for side in _SIDES:
            with working_precision(BITS):
                claimed = prefactor(g) * _borel_integral(g, side)
            found = lateral_integral(g, side)
            holds = holds and bool(claimed.overlaps(found))
            figures.append((f"Laplace integral {side} the pole with its factor, g = {g}", shown(claimed)))
            figures.append((f"the integral (1) {side} the pole", shown(found)))
    return Evidence(holds, tuple(figures), "certified")


@dataclass(frozen=True)
class _Discontinuity:
    """I_+ - I_- = orientation 2 pi i Res_(zeta = 1) germ exp(-zeta/g) prefactor = value."""

    orientation: int
    germ: sympy.Expr
    prefactor: Callable[[fmpq], fmpq]


def _is_the_discontinuity(claimed: _Discontinuity) -> Evidence:
    """The residue by sympy, against the difference of the two integrals and against 2 pi i exp(-1/g) prefactor."""
    residue = sympy.residue(claimed.germ * sympy.exp(-_ZETA / _G), _ZETA, 1)
    figures, holds = [("residue at 1", str(residue))], True
    for g in _COUPLINGS:
        difference = lateral_integral(g, "above") - lateral_integral(g, "below")
        with working_precision(BITS):
            end = 2j * acb.pi() * acb(-1 / g).exp() * claimed.prefactor(g)
            by_residue = sympy.simplify(residue / sympy.exp(-1 / _G))
            size = fmpq(int(by_residue.p), int(by_residue.q)) if by_residue.is_Rational else None
            middle = None if size is None else end * size * claimed.orientation
        holds = holds and bool(difference.overlaps(end)) and middle is not None and bool(middle.overlaps(end))
        figures += [
            (f"I_+ - I_-, g = {g}", shown(difference)),
            ("by the residue", "not of this form" if middle is None else shown(middle)),
            ("right-hand side", shown(end)),
        ]
    return Evidence(holds, tuple(figures), "certified")


def _is_the_sector(power: int) -> Evidence:
    """Whether the discontinuity is 2 pi i exp(-1/g) g^power times a power series that starts with a constant.

    The quotient has then a finite limit that is not zero: it may not change by more than a tenth from g = 1/10 to 1/40.
    """
    values = []
    for inverse in (10, 20, 40):
        g = fmpq(1, inverse)
        difference = lateral_integral(g, "above") - lateral_integral(g, "below")
        with working_precision(BITS):
            values.append((difference / (2j * acb.pi()) * acb(inverse).exp()).real / arb(g) ** power)
    holds = all(bool(abs(b / a - 1) < arb("0.1")) for a, b in pairwise(values))
    figures = tuple(
        (f"(I_+ - I_-) exp(1/g)/(2 pi i g^{power}) at g = 1/{inverse}", shown(value, 12))
        for inverse, value in zip((10, 20, 40), values, strict=True)
    )
    return Evidence(holds, figures, "certified")


def _determines_the_sector(sector: tuple[int, ...]) -> Evidence:
    """The large-order relation a_n = sum_m b_m Gamma(n + 1 - m), exactly, for a_n = n!."""
    misses = [
        n
        for n in range(len(sector), 40)
        if sum(b * math.factorial(n - m) for m, b in enumerate(sector)) != math.factorial(n)
    ]
    found = rs.neighbouring_sectors(rs.FormalSeries([math.factorial(n) for n in range(40)]))
    action, exponent = found[0].action, found[0].exponent
    return Evidence(
        not misses,
        (
            ("orders n < 40 at which sum b_m (n - m)! is not a_n", str(len(misses))),
            ("from the coefficients alone: action, exponent", f"{action.short(12)}, {exponent}"),
        ),
        "exact",
    )


CLAIMS: tuple[Claim[Any] | NotCheckable, ...] = (
    Claim(
        "(1)",
        "the integral, for 0 < g < 1",
        Form(r"I(g) = \int_0^\infty \frac{e^{-x}}{1-gx}\,dx", 0),
        _converges,
        corrected=Form(
            r"I_{\pm}(g) = \int_0^{\infty e^{\pm i\theta}} \frac{e^{-x}}{1-gx}\,dx, \quad 0<\theta<\frac{\pi}{2}", 1
        ),
        remark="For g > 0 the integrand has a pole on the path, at x = 1/g, and the integral diverges there: it is "
        "not “perfectly well-defined”. The two integrals that pass the pole are, and differ; for g < 0 there is one.",
    ),
    Claim(
        "(2)",
        "its coefficients",
        Form(r"I(g) \sim \sum_{n=0}^{\infty} a_n g^n, \quad a_n = n!", math.factorial),
        _solves_the_equation,
        rival=Form(r"a_n = (n+1)!", lambda n: math.factorial(n + 1)),
        remark="As an asymptotic series: with the sign of equality, as printed, it would converge nowhere.",
    ),
    Claim(
        "Section 2.1, divergence",
        "the radius of convergence",
        Form(r"\sum_{n=0}^{\infty} n!\,g^n \text{ diverges for every } g \neq 0", sympy.Integer(0)),
        _radius,
        rival=Form(r"\text{it converges for } |g| < 1", sympy.Integer(1)),
    ),
    Claim(
        "(3)",
        "its closed form",
        Form(r"I(g) = e^{1/g}\,\Gamma\left(0, \frac{1}{g}\right)", _printed_incomplete_gamma),
        _is_the_integral,
        corrected=Form(
            r"I_{\pm}(g) = \frac{1}{g} e^{-1/g} \left( \mathrm{Ei}\left(\frac{1}{g}\right) \pm i\pi \right)",
            _exponential_integral,
        ),
        remark="The printed form, with the factor 1/g that it lacks, belongs to the other sign: the integral of "
        "exp(-x)/(1 + g x), whose coefficients alternate.",
    ),
    Claim(
        "(4)",
        "what an asymptotic series is",
        Form(r"I(g) - \sum_{n=0}^{N-1} n!\,g^n = O(g^N)", lambda n: n),
        _remainder_order,
        rival=Form(r"I(g) - \sum_{n=0}^{N-1} n!\,g^n = O(g^{N+1})", lambda n: n + 1),
        remark="For both lateral integrals.",
    ),
    Claim(
        "Section 2.1, least term",
        "the least term",
        Form(r"N!\,g^N \approx e^{-1/g} \text{ at } N \approx 1/g, \text{ to exponential accuracy}", Fraction(1)),
        _least_term,
        rival=Form(r"N!\,g^N \approx e^{-2/g}", Fraction(2)),
        remark="The least term itself is sqrt(2 pi/g) times larger.",
    ),
    Claim(
        "Section 2.1, optimal truncation",
        "the error at the least term",
        Form(r"|I(g) - S_N(g)| \lesssim e^{-1/g}", 0),
        _error_at_the_least_term,
        corrected=Form(r"|I_{\pm}(g) - S_N(g)| \lesssim \frac{1}{g}\, e^{-1/g}", 1),
        remark="Half the discontinuity, (pi/g) exp(-1/g), is in the error of either lateral integral.",
    ),
    Claim(
        "Section 2.1, non-convexity",
        "where divergence comes from",
        Form(r"\sum a_n g^n \text{ diverges} \Rightarrow V \text{ is not convex}", _not_convex),
        _causes_divergence,
        corrected=Form(
            r"\sum a_n g^n \text{ diverges} \Rightarrow V \text{ has another critical point, complex ones included}",
            _other_critical_point,
        ),
        repairs=False,
        remark="x^2 + x^4 is convex, and its series diverges: the critical points at x = +-i/sqrt 2 make it so.",
    ),
    Claim(
        "Footnote 1",
        "Stirling's coefficients",
        Form(
            r"a_{2j+1} \sim (-1)^j\, \frac{2\,(2j)!}{(2\pi)^{2j+2}}",
            lambda j: sympy.Integer((-1) ** j * 2) * sympy.factorial(2 * j) / (2 * sympy.pi.evalf(60)) ** (2 * j + 2),
        ),
        _stirling_growth,
        rival=Form(
            r"a_{2j+1} \sim (-1)^j\, \frac{2\,(2j+1)!}{(2\pi)^{2j+2}}",
            lambda j: (
                sympy.Integer((-1) ** j * 2) * sympy.factorial(2 * j + 1) / (2 * sympy.pi.evalf(60)) ** (2 * j + 2)
            ),
        ),
        remark="For the series of Gamma itself; that of log Gamma has these coefficients with a correction of 2^(-2j).",
    ),
    Claim(
        "(5)",
        "the Borel transform",
        Form(r"\hat{f}(\zeta) = \sum_{n=0}^{\infty} \frac{a_n}{n!}\,\zeta^n", sympy.factorial),
        inverts_the_laplace_transform,
        rival=Form(
            r"\hat{f}(\zeta) = \sum_{n=0}^{\infty} \frac{a_n}{(n+1)!}\,\zeta^n", lambda n: sympy.factorial(n + 1)
        ),
        remark="A definition; what can be checked is that the Laplace transform with its factor 1/g undoes it.",
    ),
    Claim(
        "(6)",
        "the Borel transform of Euler's series",
        Form(r"\hat{I}(\zeta) = \frac{1}{1-\zeta}", 1 / (1 - _ZETA)),
        _is_euler_germ,
        rival=Form(r"\hat{I}(\zeta) = \frac{1}{1+\zeta}", 1 / (1 + _ZETA)),
    ),
    Claim(
        "(7)",
        "the Laplace transform back",
        Form(r"I(g) = \int_0^\infty \frac{e^{-\zeta/g}}{1-\zeta}\,d\zeta", lambda g: fmpq(1)),
        _is_scaled_borel_integral,
        corrected=Form(
            r"I_{\pm}(g) = \frac{1}{g}\int_0^{\infty e^{\pm i\theta}} \frac{e^{-\zeta/g}}{1-\zeta}\,d\zeta",
            lambda g: 1 / g,
        ),
        remark="The factor 1/g is missing, here and in (10) and (11); (16) and (46) have it.",
    ),
    Claim(
        "(8)",
        "the factorial as an integral",
        Form(r"n! = \Gamma(n+1) = \int_0^\infty e^{-t}\, t^n\,dt", lambda n: n),
        _factorial,
        rival=Form(r"n! = \int_0^\infty e^{-t}\, t^{n-1}\,dt", lambda n: n - 1),
    ),
    Claim(
        "(9)",
        "each term as an integral",
        Form(
            r"\sum_{n=0}^{\infty} a_n g^n = \sum_{n=0}^{\infty} \left( \int_0^\infty e^{-\zeta}\zeta^n\,d\zeta "
            r"\right) \frac{a_n}{n!}\,g^n",
            lambda x, n: x**n / sympy.factorial(n),
        ),
        _terms_as_integrals,
        rival=Form(
            r"\sum_{n=0}^{\infty} \left( \int_0^\infty e^{-\zeta}\zeta^n\,d\zeta \right) a_n g^n", lambda x, n: x**n
        ),
        remark="Term by term. That the sum may not be exchanged with the integral shows at the pole.",
    ),
    Claim(
        "(10)",
        "the lateral integrals",
        Form(
            r"I_{\pm}(g) = \int_0^{\infty e^{\pm i\epsilon}} \frac{e^{-\zeta/g}}{1-\zeta}\,d\zeta",
            lambda g: fmpq(1),
        ),
        _is_scaled_borel_integral,
        corrected=Form(
            r"I_{\pm}(g) = \frac{1}{g} \int_0^{\infty e^{\pm i\epsilon}} \frac{e^{-\zeta/g}}{1-\zeta}\,d\zeta",
            lambda g: 1 / g,
        ),
        remark="As integrals of I(g) they lack the factor 1/g of (7).",
    ),
    Claim(
        "(11)",
        "the discontinuity",
        Form(
            r"I_+ - I_- = 2\pi i \, \mathrm{Res}_{\zeta=1} \left[ \frac{e^{-\zeta/g}}{1+\zeta} \right] = 2\pi i\, "
            r"e^{-1/g}",
            _Discontinuity(1, 1 / (1 + _ZETA), lambda g: fmpq(1)),
        ),
        _is_the_discontinuity,
        corrected=Form(
            r"I_+ - I_- = -\frac{2\pi i}{g}\, \mathrm{Res}_{\zeta=1} \left[ \frac{e^{-\zeta/g}}{1-\zeta} \right] = "
            r"\frac{2\pi i}{g}\, e^{-1/g}",
            _Discontinuity(-1, 1 / (1 - _ZETA), lambda g: 1 / g),
        ),
        remark="1 + zeta is a misprint (there is no residue at 1); the path above and back below runs clockwise, "
        "which gives the sign; and the factor 1/g of (7) is missing. But for that factor the last member is right.",
    ),
    Claim(
        "(12)",
        "the trans-series",
        Form(r"I(g) = \sum_{n=0}^{\infty} n!\,g^n + A\, e^{-1/g} \sum_{m=0}^{\infty} b_m g^m, \quad A = 2\pi i", 0),
        _is_the_sector,
        corrected=Form(
            r"I(g;\sigma) = \sum_{n=0}^{\infty} n!\,g^n + \sigma\,\frac{1}{g}\, e^{-1/g}, \quad \mathcal{S}_+ "
            r"I(g;\sigma) = \mathcal{S}_- I(g;\sigma + 2\pi i)",
            -1,
        ),
        remark="The second sector is one term, with the factor 1/g: the germ's singularity is a simple pole. 2 pi i "
        "is by how much its parameter jumps; a parameter of its own is left, which the series does not fix.",
    ),
    Claim(
        "Section 2.1, resurgence",
        "the second sector from the first",
        Form(
            r"\{b_m\} \text{ is determined by } \{a_n\}: \quad a_n = \sum_m b_m\,\Gamma(n+1-m), \quad b = (1, 0, 0, "
            r"\ldots)",
            (1, 0, 0),
        ),
        _determines_the_sector,
        rival=Form(r"b = (1, 1, 0, \ldots)", (1, 1, 0)),
        remark="By the large-order relation. It fixes the sector, not the parameter in front of it.",
    ),
)
