"""The sectors of the formal transseries of Painlevé I and II, by their own recursion, for the tests of the two models.

With phi = u/sqrt(z), a = g/lambda and D = a d/da both equations read

    p a^2 (D^2 - m) phi = f(phi),       f = phi^2 - 1  or  phi^3 - phi,

whose solution sum_k C^k exp(-k alpha/a) a^(k/2) psi_k(a) has rational coefficients; under the exponential D is
D + k/2 + k alpha/a.
"""

from dataclasses import dataclass

from flint import acb, arb, fmpq

import resurgence as rs
from resurgence.numbers import ball, working_precision


@dataclass(frozen=True)
class Sectors:
    p: fmpq
    m: fmpq
    alpha: fmpq
    square: int  # lambda^2
    degree: int

    def psi(self, count, terms):
        """psi_0, ..., psi_count as lists of rationals."""
        more = terms + 2  # psi_1 at a^n takes psi_0 at a^(n + 1)
        known = [self._perturbative(more)]
        for k in range(1, count + 1):
            known.append(self._sector(k, known, more))
        return [coefficients[:terms] for coefficients in known]

    def _power(self, known, k, terms):
        """What the sectors other than k contribute to the coefficient of C^k in phi^degree."""
        series = [*known, [fmpq(0)] * terms]
        total = product(series, series, k, terms)
        if self.degree == 3:
            squares = [product(series, series, j, terms) for j in range(k + 1)]
            total = product(squares, series, k, terms)
        return total

    def _perturbative(self, terms):
        c = [fmpq(0)] * terms
        c[0] = fmpq(1)
        for n in range(2, terms, 2):
            left = self.p * ((n - 2) ** 2 - self.m) * c[n - 2]
            rest = self._power([c], 0, n + 1)[n]  # with c[n] = 0
            c[n] = (left - rest) / 2  # f'(1) = 2 for both
        return c

    def _sector(self, k, known, terms):
        forcing = self._power(known, k, terms)
        linear = self._slope(known[0], terms)
        p, a = self.p, self.alpha * k
        c = [fmpq(0)] * terms

        def lower(n):
            """The equation at a^n, moved to the right, without the terms in c[n] and, for k = 1, c[n - 1]."""
            total = forcing[n] if n < terms else fmpq(0)
            total += sum((linear[j] * c[n - j] for j in range(1, n + 1) if j < terms and n - j < terms), fmpq(0))
            if n >= 2:
                total -= p * ((n - 2 + fmpq(k, 2)) ** 2 - self.m) * c[n - 2]
            return total

        for n in range(terms):
            if k == 1:
                c[n] = fmpq(1) if n == 0 else lower(n + 1) / (p * a * 2 * n)
            else:
                c[n] = lower(n) - (p * a * (2 * (n - 1) + k - 1) * c[n - 1] if n else 0)
                c[n] /= p * a**2 - linear[0]
        return c

    def _slope(self, phi, terms):
        """f'(phi)."""
        if self.degree == 2:
            return [2 * x for x in phi]
        found = [3 * x for x in product([phi], [phi], 0, terms)]
        found[0] -= 1
        return found

    def transseries(self, parameter, g, side, sectors, terms, digits):
        """sum_k (parameter)^k exp(-k A/g) g^(k/2) Phi_k lateral at g, with its error, k from 0 to ``sectors``."""
        with working_precision(200):
            coupling = ball(g, 200)
            a = coupling / arb(self.square).sqrt()
            step = ball(parameter, 200) * arb(self.square).root(4) * (-acb(self.alpha) / a).exp() * a.sqrt()
            total = []
            for k, coefficients in enumerate(self.psi(sectors, terms)):
                value = rs.borel_sum(rs.FormalSeries(coefficients), a, digits, side=side).ball(200)
                total.append(step**k * value)
            return total


def product(left, right, k, terms):
    """The coefficient of C^k in a product of transseries."""
    total = [fmpq(0)] * terms
    for j in range(k + 1):
        if j < len(left) and k - j < len(right):
            for i, x in enumerate(left[j][:terms]):
                if x != 0:
                    for n, y in enumerate(right[k - j][: terms - i]):
                        total[i + n] += x * y
    return total


ONE = Sectors(fmpq(25, 32), fmpq(4, 25), fmpq(8, 5), 3, 2)
TWO = Sectors(fmpq(9, 2), fmpq(1, 9), fmpq(2, 3), 2, 3)
