"""Trans-series: a power series, and what perturbs it beyond all orders.

    F(g; sigma) = sum_k w_k(sigma) T_k(g),      T_k = exp(-k.A/g) g^(k.beta) sum_j log(g)^j Phi_k^[j](g),

with k in N or N^2 and weights w_k = sigma^k (Écalle 1985; Costin 2008; Aniceto, Başar & Schiappa 2019, Phys. Rep. 809).
A nonlinear differential equation gives all of its sectors exactly (:mod:`resurgence.formal_integral`); alien calculus
changes the weights (:mod:`resurgence.alien`). With one parameter, and S the Stokes constant of the first two sectors,

    S_above Phi_0 - S_below Phi_0 = S exp(-A/g) g^beta Phi_1 + ...,      S_above F(sigma) = S_below F(sigma + S)

across the ray through A, and the median sum is S_above F(sigma - S/2) = S_below F(sigma + S/2).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

import mpmath
import sympy
from flint import acb, arb, fmpq

from .algebraic import AlgebraicNumber
from .formal_integral import MAX_ORDER, MAX_TERMS, FormalIntegral, Index, formal_integral
from .laplace import GUARD_BITS, borel_sum, prefactor
from .numbers import Enclosure, Status, ball, bits_for, check_digits, complex_midpoint, midpoint, working_precision
from .power_series import weigh
from .rank_one import RankOneSystem, rank_one, read_system
from .rays import Ray, Side
from .series import FormalSeries

__all__ = ["TransSeries"]

#: Powers of sigma are not summed where they shrink by less than this factor from one sector to the next.
MAX_RATIO = 0.9

#: Times the geometric series that continues the last sectors: what is added to the error for the sectors left out.
SAFETY = 4

#: Sums of sectors that are kept for the next value of sigma.
_KEPT_SUMS = 256


class TransSeries:
    """A truncated trans-series in one or two parameters.

    Parameters
    ----------
    sectors : sequence or mapping of FormalSeries
        T_0, T_1, ... with their prefactors (``action`` k A, ``exponent`` k beta, or both from another start), or a
        mapping from k, an int or a pair of ints. In place of a series, a sequence of them: what multiplies 1, log(g),
        log(g)^2, ...
    weights : mapping, optional
        w_k as sympy expressions, polynomials in the parameters; sigma^k by default.
    is_complete : bool
        Whether all sectors that are not given are zero.
    name : str
        Shown when the trans-series is printed.

    Attributes
    ----------
    sectors : dict
        For each k, a tuple of ints, the series that multiply 1, log(g), ...
    weights : dict
        For each k its weight.
    parameters : tuple of sympy.Symbol
        sigma; or sigma_1, sigma_2.
    system : RankOneSystem or None
        The differential equation that it solves, where it was made from one: ``print(t.system)`` shows the
        change of variables from the equation given.

    Raises
    ------
    TypeError, ValueError
        For what is no FormalSeries, missing sectors, and actions that do not grow evenly from sector to sector.

    Examples
    --------
    >>> t = TransSeries.from_ode("u'' = 6*u^2 - x", order=2, terms=4)
    >>> print(t)
    1:        1 - 4/25 g^2 + O(g^4)
    sigma:    exp(-1/g) g^(1/2) (1 - 1/8 g + 9/128 g^2 - 341329/1920000 g^3 + O(g^4))
    sigma^2:  exp(-2/g) g (1/6 - 11/72 g + 53/192 g^2 - 3363653/4320000 g^3 + O(g^4))
    >>> print(t.system.change)
    u = 6^(-1/2) x^(1/2) y, g = 1/(kappa x^(5/4)), kappa^4 = 6144/625
    """

    def __init__(
        self,
        sectors: Sequence[FormalSeries | Sequence[FormalSeries]] | Mapping[Any, FormalSeries | Sequence[FormalSeries]],
        *,
        weights: Mapping[Any, sympy.Expr] | None = None,
        is_complete: bool = False,
        name: str = "",
    ) -> None:
        if not isinstance(sectors, (list, tuple, Mapping)):
            raise TypeError(f"sectors are a sequence or a mapping of FormalSeries, got {sectors!r}")
        given: Mapping[Any, Any] = sectors if isinstance(sectors, Mapping) else dict(enumerate(sectors))
        if not given:
            raise ValueError("a trans-series needs at least one sector, got none")
        self.sectors: dict[Index, tuple[FormalSeries, ...]] = {}
        for k, series in sorted(((_index(k), s) for k, s in given.items()), key=lambda item: _key(item[0])):
            self.sectors[k] = _logs(k, series)
        lengths = {len(k) for k in self.sectors}
        if len(lengths) > 1 or not lengths <= {1, 2}:
            raise ValueError(f"the sectors belong to one parameter (k) or two (k_1, k_2), got {list(self.sectors)}")
        count = lengths.pop()
        names = ("sigma",) if count == 1 else ("sigma_1", "sigma_2")
        self.parameters: tuple[sympy.Symbol, ...] = tuple(map(sympy.Symbol, names))
        self.order: int = max(map(sum, self.sectors))
        wanted = [k for k in _all_indices(count, self.order) if k not in self.sectors]
        if wanted:
            raise ValueError(f"the sectors up to order {self.order} have to be given, zero ones too: missing {wanted}")
        self.weights: dict[Index, sympy.Expr] = {k: self._monomial(k) for k in self.sectors}
        for key, weight in (weights or {}).items():
            k = _index(key)
            if k not in self.sectors:
                raise ValueError(f"there is a weight for the sector {key}, which is not given")
            self.weights[k] = sympy.expand(sympy.Integer(weight) if isinstance(weight, int) else _expr(weight))
        self.is_complete = is_complete
        self.name = name
        self.system: RankOneSystem | None = None
        #: Whether T_k are the sectors of a family sum sigma^k T_k, on which alien derivatives act as in the bridge
        #: equation; a product of which one factor is an alien derivative is not such a family.
        self._is_family = True
        self._sums: dict[Any, tuple[int, Enclosure]] = {}
        self._check_actions()

    # -- making them --------------------------------------------------------------------------------------------------

    @classmethod
    def from_system(
        cls,
        equations: Mapping[str, str | sympy.Expr],
        at: Mapping[str, object] | None = None,
        *,
        of: str | None = None,
        actions: Sequence[object] | None = None,
        order: int = 6,
        terms: int = 60,
        variable: str = "g",
    ) -> TransSeries:
        """The formal trans-series solution of g^2 dy_i/dg = F_i(g, y), exactly.

        Parameters
        ----------
        equations : mapping
            F_i by the name of the unknown: polynomials with rational coefficients, as text or sympy expressions.
        at : mapping, optional
            y at g = 0, where all F_i vanish: rational numbers, or algebraic ones of one field. Zero by default.
        of : str, optional
            The unknown that is wanted; by default the first. sigma is normalised by its sector: T_1 = exp(-A/g)
            g^beta (1 + ...).
        actions : sequence of one or two exact numbers, optional
            Which eigenvalues of dF/dy at g = 0 the parameters belong to; by default those with positive real part, or
            all where there are none.
        order, terms : int
            How many sectors (k_1 + k_2 at most ``order``), and coefficients of each.
        variable : str
            The name of g.

        Raises
        ------
        TypeError, ValueError
            Where the input is no such system, F(0, y(0)) is not 0, dF/dy is singular or has a multiple eigenvalue, or
            beta is not rational.

        Examples
        --------
        g^2 y' = y - y^2 is solved by sigma e/(1 + sigma e), e = exp(-1/g):

        >>> print(TransSeries.from_system({"y": "y - y^2"}, order=3, terms=4))
        1:        0 + O(g^4)
        sigma:    exp(-1/g) (1 + O(g^4))
        sigma^2:  exp(-2/g) (-1 + O(g^4))
        sigma^3:  exp(-3/g) (1 + O(g^4))
        """
        system = read_system(equations, at, variable)
        if of is not None and of not in system.unknowns:
            raise ValueError(f"of must be one of the unknowns {', '.join(system.unknowns)}, got {of!r}")
        place = 0 if of is None else system.unknowns.index(of)
        return cls._solve(system, place, actions, order, terms)

    @classmethod
    def from_ode(
        cls,
        equation: str,
        *,
        power: object | None = None,
        leading: object | None = None,
        actions: Sequence[object] | None = None,
        order: int = 6,
        terms: int = 60,
    ) -> TransSeries:
        """The same for u(x) at x = infinity, where an equation of any order, polynomial in u and x, is obeyed.

        The trans-series is that of y(g) in u = c x^p y, g = 1/(kappa x^q); ``.system.change`` says which.

        Parameters
        ----------
        equation : str
            As ``"u'' = 6*u^2 - x"``.
        power, leading : number, optional
            p and c in u ~ c x^p, where several are possible.
        actions, order, terms
            As for :meth:`from_system`.

        Raises
        ------
        TypeError, ValueError
            As :meth:`from_system`, and where this change of variables gives no system of rank one.

        Examples
        --------
        The logarithmic derivative of Airy's functions:

        >>> t = TransSeries.from_ode("u' = x - u^2", leading=1, order=1, terms=4)
        >>> print(t.system.change)
        u = x^(1/2) y, g = x^(-3/2)
        >>> print(t)
        1:      1 - 1/4 g - 5/32 g^2 - 15/64 g^3 + O(g^4)
        sigma:  exp((-4/3)/g) (1 - 5/24 g - 155/1152 g^2 - 17315/82944 g^3 + O(g^4))
        """
        return cls._solve(rank_one(equation, power, leading), 0, actions, order, terms)

    @classmethod
    def _solve(
        cls, system: RankOneSystem, of: int, actions: Sequence[object] | None, order: int, terms: int
    ) -> TransSeries:
        for what, value, least, most in (("order", order, 0, MAX_ORDER), ("terms", terms, 1, MAX_TERMS)):
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{what} must be an integer, got {value!r}")
            if not least <= value <= most:
                raise ValueError(f"{what} must lie between {least} and {most}, got {value}")
        integral = formal_integral(system, order, terms, actions, of)
        result = cls(_series_of(integral, of), is_complete=integral.is_complete)
        result.system = system
        return result

    def _with(self, weights: Mapping[Index, sympy.Expr]) -> TransSeries:
        """The same sectors with other weights."""
        result = TransSeries(self.sectors, weights=weights, is_complete=self.is_complete, name=self.name)
        result.system, result._is_family = self.system, self._is_family
        return result

    def _monomial(self, k: Index) -> sympy.Expr:
        return sympy.Mul(*(p**n for p, n in zip(self.parameters, k, strict=True)))

    def _check_actions(self) -> None:
        if self.order < 2:
            return
        zero = (0,) * len(self.parameters)
        with working_precision(128):
            base = ball(self.sectors[zero][0].action, 128)
            steps = [ball(self.sectors[e][0].action, 128) - base for e in _all_indices(len(zero), 1) if any(e)]
            for k, logs in self.sectors.items():
                expected = sum((n * step for n, step in zip(k, steps, strict=True)), base)
                if not all((ball(series.action, 128) - expected).contains(0) for series in logs):
                    raise ValueError(f"the action of the sector {_plain(k)} is not that of k times A: {logs[0]}")

    # -- looking at them ----------------------------------------------------------------------------------------------

    @cached_property
    def actions(self) -> tuple[Any, ...]:
        """A for each parameter: the action of its first sector less that of the power series."""
        if not self.order:
            return ()
        zero = self.sectors[(0,) * len(self.parameters)][0].action
        units = sorted((k for k in self.sectors if sum(k) == 1), reverse=True)
        firsts = [self.sectors[k][0].action for k in units]
        return tuple(a if zero == 0 else sympy.expand(_sympy(a) - _sympy(zero)) for a in firsts)

    def __getitem__(self, k: int | Index) -> FormalSeries:
        """T_k but for what multiplies log(g) (see ``sectors``)."""
        return self.sectors[_index(k)][0]

    def __len__(self) -> int:
        return len(self.sectors)

    def __iter__(self) -> Iterator[Index]:
        return iter(self.sectors)

    @property
    def has_logarithms(self) -> bool:
        return any(len(logs) > 1 for logs in self.sectors.values())

    def __eq__(self, other: object) -> bool:
        """Whether both are exact and the same: sector by sector, weight times series."""
        if not isinstance(other, TransSeries):
            return NotImplemented
        if self.parameters != other.parameters or self.order != other.order:
            return False
        for k in self.sectors:
            mine, theirs = self._part(k), other._part(k)
            if (mine is None) != (theirs is None):
                return False
            if mine is None or theirs is None:
                continue
            ratio = sympy.cancel(mine[0] / theirs[0])
            if not ratio.is_Rational or len(mine[1]) != len(theirs[1]):
                return False
            if not all(_times(a, ratio) == b for a, b in zip(mine[1], theirs[1], strict=True)):
                return False
        return True

    __hash__ = None  # type: ignore[assignment]

    def _part(self, k: Index) -> tuple[sympy.Expr, tuple[FormalSeries, ...]] | None:
        """Weight and series of a sector, None where it is zero."""
        weight, logs = self.weights[k], self.sectors[k]
        if weight == 0 or all(series.is_zero for series in logs):
            return None
        return weight, logs

    # -- arithmetic ---------------------------------------------------------------------------------------------------

    def __add__(self, other: object) -> TransSeries:
        if not isinstance(other, TransSeries):
            return NotImplemented
        self._same_kind(other)
        sums: dict[Index, tuple[FormalSeries, ...]] = {}
        weights: dict[Index, sympy.Expr] = {}
        for k in _all_indices(len(self.parameters), min(self.order, other.order)):
            weight, logs = _combined(
                [(t.weights[k], t.sectors[k]) for t in (self, other)], f"the sectors {_plain(k)} of the two"
            )
            weights[k], sums[k] = weight, logs
        result = TransSeries(sums, weights=weights, is_complete=self.is_complete and other.is_complete)
        standard = all(weights[k] == self._monomial(k) for k in weights)
        result._is_family = self._is_family and other._is_family and standard
        return result

    def __mul__(self, other: object) -> TransSeries:
        """The product, up to the lower of the two orders; exact where both are."""
        if not isinstance(other, TransSeries):
            return NotImplemented
        self._same_kind(other)
        count = len(self.parameters)
        sectors: dict[Index, tuple[FormalSeries, ...]] = {}
        weights: dict[Index, sympy.Expr] = {}
        family = self._is_family and other._is_family
        for k in _all_indices(count, min(self.order, other.order)):
            pieces = []
            for i in self.sectors:
                j = tuple(a - b for a, b in zip(k, i, strict=True))
                if min(j) >= 0:
                    weight = sympy.expand(self.weights[i] * other.weights[j])
                    pieces.append((weight, _log_product(self.sectors[i], other.sectors[j])))
            weights[k], sectors[k] = _combined(pieces, f"the products in the sector {_plain(k)}")
            family = family and all(sympy.expand(w - weights[k]) == 0 for w, _ in pieces)
        result = TransSeries(sectors, weights=weights)
        result._is_family = family
        return result

    def _same_kind(self, other: TransSeries) -> None:
        if self.parameters != other.parameters:
            raise ValueError("trans-series in one parameter and in two do not combine")

    # -- sums ---------------------------------------------------------------------------------------------------------

    def sum(
        self,
        g: object,
        sigma: object = 0,
        digits: int = 30,
        *,
        side: Side | None = None,
        stokes_constant: object | None = None,
        direction: object | None = None,
        continuation: str | None = None,
    ) -> Enclosure:
        """The Borel sum of a trans-series in one parameter.

        Parameters
        ----------
        g : number
            The coupling, not zero.
        sigma : number
            The parameter.
        digits : int
            Digits to aim for.
        side : {"above", "below", "median"}, optional
            How to pass the singularities on the ray. ``"above"``: sum_k sigma^k S_above T_k. ``"median"``:
            S_above F(sigma - S/2) and S_below F(sigma + S/2), which are the same function; the mean is returned, and
            half their difference is part of the error. For real coefficients, g and sigma it is real.
        stokes_constant : number, optional
            S for the median sum: exact, or with an error (an :class:`~resurgence.Enclosure`), which
            the sum inherits.
        direction : real number, optional
            The angle of the ray, by default arg g.
        continuation : str, optional
            How the germs of the sectors are continued, as for :func:`~resurgence.borel_sum`.

        Returns
        -------
        Enclosure
            ``estimated``, or ``certified`` where the trans-series is complete and the sums of all sectors are. The
            error is that of the sectors' sums, and four times a geometric series for the sectors left out.

        Raises
        ------
        StokesLineError
            A ValueError: a singularity lies on the ray and no side is given.
        TypeError, ValueError
            For two parameters, weights with further symbols, a median without S or off the Stokes line, and sectors
            that do not shrink by a tenth each: sigma exp(-A/g) is too large for the sum over them, or they are too few
            to tell.

        Examples
        --------
        1/(1 + z) for Euler's integral z = exp(-1/g) (Ei(1/g) + c), whose Stokes constant is -2 pi i:

        >>> import mpmath
        >>> t = TransSeries.from_system({"y": "-y + (1 + g)*y^2"}, at={"y": 1}, terms=40)
        >>> s = t.sum("1/10", digits=12, side="median", stokes_constant=-2 * sympy.pi * sympy.I)
        >>> s.contains(1 / (1 + mpmath.exp(-10) * mpmath.ei(10)))
        True
        """
        ray, digits = Ray(g, side, direction), check_digits(digits)
        if len(self.parameters) > 1:
            raise ValueError(
                "a trans-series in two parameters is not summed: its sectors have exponentials that grow; "
                "take one parameter (actions=[A] when it is made)"
            )
        bits = bits_for(digits) + GUARD_BITS
        if side == "median":
            if stokes_constant is None:
                raise ValueError("the median sum needs the Stokes constant S of sectors 0 and 1: stokes_constant=S")
            if not self.order or ray.passes(self.actions[0]) != "through":
                raise ValueError(
                    "the median sum belongs to the Stokes line, the ray through A, and the ray does not lie there: "
                    "give side='above' or 'below', or none"
                )
            if not self._is_family:
                raise ValueError(NO_FAMILY)
        weights = self._weights_at(sigma, bits)
        sides: list[tuple[Side | None, int]] = [("above", -1), ("below", 1)] if side == "median" else [(side, 0)]
        found = []
        for way, sign in sides:
            moved = weights
            if sign:
                with working_precision(bits):
                    moved = shifted_weights(weights, ball(stokes_constant, bits) * sign / 2)
            found.append(self._sum(ray, moved, digits, bits, way, continuation))
        with working_precision(bits):
            value = sum((v for v, _, _ in found), acb(0)) / len(found)
            error = sum((e for _, e, _ in found), arb(0)) / len(found)
            if side == "median":
                error = error + abs(found[0][0] - found[1][0]) / 2
            centre = value.mid()
            error = (error + abs(value - centre)).upper()
        # The median rests on the caller's word for S.
        proved = self.is_complete and side != "median" and all(status == "certified" for _, _, status in found)
        method = f"sectors 0 to {self.order}, each Borel summed"
        if side == "median":
            method += "; the mean of S_above F(sigma - S/2) and S_below F(sigma + S/2)"
        return Enclosure(complex_midpoint(centre), midpoint(error), "certified" if proved else "estimated", method)

    def _weights_at(self, sigma: object, bits: int) -> list[acb]:
        at = ball(sigma, bits)
        symbol = self.parameters[0]
        values = []
        for k, weight in self.weights.items():
            if not weight.is_polynomial(symbol):
                raise ValueError(f"the weight {weight} of the sector {_plain(k)} is not a polynomial in {symbol}")
            if weight.free_symbols - {symbol}:
                raise ValueError(
                    f"the weight {weight} of the sector {_plain(k)} holds symbols beside {symbol}: give the Stokes "
                    "constants numbers for values before the sum"
                )
            coefficients = sympy.Poly(weight, symbol).all_coeffs() if weight != 0 else []
            with working_precision(bits):
                value = acb(0)
                for c in coefficients:
                    value = value * at + ball(c, bits)
            values.append(value)
        return values

    def _sum(
        self, ray: Ray, weights: Sequence[acb], digits: int, bits: int, side: Side | None, continuation: str | None
    ) -> tuple[acb, arb, Status]:
        """Value, error and status of sum_k w_k S_side T_k."""
        value, error, status = acb(0), arb(0), "certified"
        sizes: list[arb] = []
        for (k, logs), weight, wanted in zip(
            self.sectors.items(), weights, self._digits_of_sectors(ray, weights, digits), strict=True
        ):
            part = acb(0)
            for j, series in enumerate(logs):
                if weight.is_zero() or (series.is_zero and self.is_complete):
                    continue
                term = self._sum_of(k, j, ray, side, wanted, continuation)
                if term.status != "certified":
                    status = "estimated"
                with working_precision(bits):
                    factor = weight * ray.coupling(bits).log() ** j
                    part = part + factor * acb(arb(term.value.real), arb(term.value.imag))
                    error = error + abs(factor) * arb(term.error)
            with working_precision(bits):
                value = value + part
                sizes.append(abs(part).upper())
        if not self.is_complete and not (self.order and weights[-1].is_zero()):
            with working_precision(bits):
                error = error + _tail(sizes)
        return value, error, status  # type: ignore[return-value]

    def _digits_of_sectors(self, ray: Ray, weights: Sequence[acb], digits: int) -> list[int]:
        """Digits to aim for in each sector: fewer where its first term is small beside the largest."""
        sizes = []
        with working_precision(64):
            g = ray.coupling(64)
            for logs, weight in zip(self.sectors.values(), weights, strict=True):
                size = float("-inf")
                for series in logs:
                    first = next((n for n, a in enumerate(series.balls(64)) if not a.contains(0)), None)
                    if first is not None and not weight.contains(0):
                        term = weight * prefactor(series, g, 64) * series.balls(64)[first] * g**first
                        size = max(size, float(abs(term).log() / arb(10).log()))
                sizes.append(size)
        top = max(sizes)
        if top == float("-inf"):
            return [3 for _ in sizes]
        wanted = [digits if size == top else digits + 3 + max(size - top, -2.0 * digits) for size in sizes]
        return [max(3, min(digits, math.ceil(w))) for w in wanted]

    def _sum_of(
        self, k: Index, j: int, ray: Ray, side: Side | None, digits: int, continuation: str | None
    ) -> Enclosure:
        """The sum of one series; the sums asked for last are kept."""
        series = self.sectors[k][j]
        if side == "below" and _is_real(series, ray):  # the mirror image of the sum above
            above = self._sum_of(k, j, ray, "above", digits, continuation)
            return Enclosure(_conjugate(above.value), above.error, above.status, above.method)
        key: tuple[Any, ...] = (k, j, type(ray.g), ray.g, side, type(ray.direction), ray.direction, continuation)
        try:
            known = self._sums.get(key)
        except TypeError:  # a coupling that cannot be hashed
            known, key = None, ()
        if known is not None and known[0] >= digits:
            return known[1]
        more: dict[str, Any] = {} if continuation is None else {"continuation": continuation}
        found = borel_sum(series, ray.g, digits, side=side, direction=ray.direction, **more)
        if key:
            if len(self._sums) >= _KEPT_SUMS:
                self._sums.clear()
            self._sums[key] = digits, found
        return found

    # -- printing -----------------------------------------------------------------------------------------------------

    def _lines(self) -> list[tuple[sympy.Expr, int, FormalSeries]]:
        return [
            (self.weights[k], j, series)
            for k, logs in self.sectors.items()
            for j, series in enumerate(logs)
            if j == 0 or not series.is_zero
        ]

    def __str__(self) -> str:
        rows = []
        for weight, j, series in self._lines():
            log = "" if not j else "log(g)" if j == 1 else f"log(g)^{j}"
            head = str(weight).replace("**", "^")
            rows.append((log if log and weight == 1 else f"{head} {log}".strip(), str(series)))
        width = max(len(head) for head, _ in rows) + 1
        return "\n".join(f"{head + ':':<{width}}  {text}" for head, text in rows)

    def __repr__(self) -> str:
        label = f" {self.name}" if self.name else ""
        return f"<TransSeries{label}: {len(self)} sectors, {', '.join(map(str, self.parameters))}>"

    def _repr_latex_(self) -> str:
        pieces = []
        for weight, j, series in self._lines():
            body = series._repr_latex_().strip("$").replace(r"\displaystyle", "").strip()
            factor = sympy.latex(weight)
            factors = [] if weight == 1 else [rf"\left({factor}\right)" if weight.is_Add else factor]
            if j:
                factors.append(r"\log g" if j == 1 else rf"\log^{{{j}}} g")
            if factors and not series.has_prefactor:
                body = rf"\left( {body} \right)"
            pieces.append(r"\, ".join([*factors, body]))
        return "$\\displaystyle " + " + ".join(pieces) + "$"

    def to_dict(self) -> dict[str, Any]:
        """Every sector as text and numbers that JSON can hold.

        >>> TransSeries.from_system({"y": "y - g"}, order=1, terms=3).to_dict()["sectors"][0]
        {'index': [0], 'weight': '1', 'log': 0, 'action': '0', 'exponent': '0', 'coefficients': ['0', '1', '1']}
        """
        return {
            "name": self.name,
            "parameters": [str(p) for p in self.parameters],
            "actions": [str(_sympy(a)) for a in self.actions],
            "order": self.order,
            "is_complete": self.is_complete,
            "change": self.system.change if self.system else "",
            "sectors": [
                {
                    "index": list(k),
                    "weight": str(self.weights[k]),
                    "log": j,
                    "action": str(_sympy(series.action)),
                    "exponent": str(series.exponent),
                    "coefficients": [
                        str(c.to_sympy()) if isinstance(c, AlgebraicNumber) else str(c) for c in series.coefficients
                    ],
                }
                for k, logs in self.sectors.items()
                for j, series in enumerate(logs)
            ],
        }


NO_FAMILY = (
    "this product is not a family sum_k sigma^k T_k, because one factor is an alien derivative: take further alien "
    "derivatives and median sums of the factors, by Leibniz's rule"
)


def shifted_weights(weights: Sequence[Any], constant: Any) -> list[Any]:
    """The weights of exp(S N) F, N T_k = (k + 1) T_(k+1):  w'_m = sum_n binom(m, n) S^(m-n) w_n.

    >>> sigma, S = sympy.symbols("sigma S")
    >>> [sympy.factor(w) for w in shifted_weights([1, sigma, sigma**2], S)]
    [1, S + sigma, (S + sigma)**2]
    """
    return [
        sum((math.comb(m, n) * constant ** (m - n) * weights[n] for n in range(m)), weights[m])
        for m in range(len(weights))
    ]


def _tail(sizes: Sequence[arb]) -> arb:
    """What the sectors left out may add: a geometric series through the last ones, times SAFETY."""
    shown = [(k, size) for k, size in enumerate(sizes) if k and size > 0]
    if len(shown) < 2:
        raise ValueError(
            "the sectors left out cannot be judged from fewer than two that are not zero: make the trans-series with a "
            "higher order"
        )
    last = shown[-3:]
    ratio = arb(0)
    for (i, a), (k, b) in pairwise(last):
        ratio = ratio.max(((b / a).log() / (k - i)).exp().upper())
    if not ratio < MAX_RATIO:
        raise ValueError(
            "the sum over sectors does not converge, or too slowly: the last are to each other as "
            f"{float(ratio.mid()):.3g}. sigma exp(-A/g) must be smaller"
        )
    reach = arb(0)
    for k, size in last:
        reach = reach.max(size * ratio ** (len(sizes) - k))
    return SAFETY * reach / (1 - ratio)


# ---------------------------------------------------------------------------------------------------------------------


def _series_of(integral: FormalIntegral, of: int) -> dict[Index, list[FormalSeries]]:
    result: dict[Index, list[FormalSeries]] = {}
    for k, sector in integral.sectors.items():
        action = sum((n * a for n, a in zip(k, integral.actions, strict=True)), fmpq(0))
        exponent = sum((n * b for n, b in zip(k, integral.exponents, strict=True)), Fraction(sector.lowest))
        result[k] = [FormalSeries(level[of], action=action, exponent=exponent) for level in sector.logs]
    return result


def _conjugate(value: mpmath.mpc) -> mpmath.mpc:
    """Exactly: mpmath's own would round to the precision of its global context."""
    return mpmath.mp.make_mpc((value.real._mpf_, mpmath.libmp.mpf_neg(value.imag._mpf_)))


def _is_real(series: FormalSeries, ray: Ray) -> bool:
    """Whether the series and its prefactor are real, and the ray is the positive axis."""
    g = ray.coupling(64)
    real = series.is_real and all(ball(c, 64).imag.is_zero() for c in (series.action, series.constant))
    return bool(real and ray.direction is None and g.imag.is_zero() and g.real > 0)


def _index(k: object) -> Index:
    parts = k if isinstance(k, tuple) else (k,)
    if not parts or not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in parts):
        raise ValueError(f"a sector is named by a non-negative integer, or by two, got {k!r}")
    return parts


def _logs(k: Index, series: object) -> tuple[FormalSeries, ...]:
    logs = (series,) if isinstance(series, FormalSeries) else series
    if not isinstance(logs, Sequence) or not logs or not all(isinstance(s, FormalSeries) for s in logs):
        raise TypeError(f"the sector {_plain(k)} must be a FormalSeries, or a sequence of them, got {series!r}")
    return tuple(logs)


def _plain(k: Index) -> str:
    return str(k[0]) if len(k) == 1 else str(k)


def _key(k: Index) -> tuple[int, tuple[int, ...]]:
    return sum(k), tuple(-n for n in k)


def _all_indices(parameters: int, order: int) -> list[Index]:
    if parameters == 1:
        return [(k,) for k in range(order + 1)]
    return [(total - i, i) for total in range(order + 1) for i in range(total + 1)]


def _expr(value: object) -> sympy.Expr:
    if not isinstance(value, sympy.Expr):
        raise TypeError(f"a weight is a sympy expression, got {value!r}")
    return value


def _sympy(action: Any) -> sympy.Expr:
    return action.to_sympy() if isinstance(action, AlgebraicNumber) else action


def _times(series: FormalSeries, factor: sympy.Rational) -> FormalSeries:
    if factor == 1:
        return series
    exact = fmpq(int(factor.p), int(factor.q))
    return series._with(weigh(series.terms, [exact] * len(series)))


def _log_product(left: tuple[FormalSeries, ...], right: tuple[FormalSeries, ...]) -> tuple[FormalSeries, ...]:
    levels: list[FormalSeries | None] = [None] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            known, both = levels[i + j], a * b
            levels[i + j] = both if known is None else known + both
    return tuple(level for level in levels if level is not None)


def _combined(
    pieces: Sequence[tuple[sympy.Expr, tuple[FormalSeries, ...]]], what: str
) -> tuple[sympy.Expr, tuple[FormalSeries, ...]]:
    """sum of weight * series as one weight times one series."""
    standing = [(w, logs) for w, logs in pieces if w != 0]
    if not standing:
        return sympy.Integer(0), pieces[0][1]
    weight = standing[0][0]
    levels: list[FormalSeries] = []
    for w, logs in standing:
        ratio = sympy.cancel(w / weight)
        if not ratio.is_Rational:
            raise ValueError(f"{what} have the weights {weight} and {w}, which are no rational multiples of each other")
        for j, series in enumerate(logs):
            moved = _times(series, ratio)
            if j < len(levels):
                levels[j] = levels[j] + moved
            else:
                levels.append(moved)
    return weight, tuple(levels)
