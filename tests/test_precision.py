"""The caller's precision, in flint and in mpmath, is as it was after every call: also after errors and in threads."""

import threading

import flint
import mpmath
import pytest

import resurgence as rs

CALLS = {
    "verify": lambda: rs.verify("quartic", terms=40),
    "critical values": lambda: rs.Action("x^2 + y^2 + x^2*y^2").critical_values(),
    "critical points": lambda: rs.Action("x^2/2 + x^3/3 + x^4/4").critical_points(),
    "expand": lambda: rs.Action("x**2 + x**4").expand(30, at=0),
    "poles": lambda: rs.models.cubic.series(31).borel().pade(15, 15).poles(),
    "certified sum": lambda: rs.borel_sum(rs.models.quartic.series(5), "1/10", digits=80),
    "Padé sum": lambda: rs.borel_sum(rs.FormalSeries(rs.models.quartic.series(41).coefficients), "1/10", digits=40),
    "exact": lambda: rs.models.stirling.exact("1/7", digits=60),
    "levin": lambda: rs.levin_u(rs.models.quartic.series(30), "1/10"),
    "arithmetic": lambda: (rs.FormalSeries([1.0, 0.5, 0.25]) ** 3).borel(2).coefficients,
    "text": lambda: str(rs.borel_sum(rs.models.quartic.series(5), "1/10", digits=200)),
}

ERRORS = {
    "Stokes line": lambda: rs.borel_sum(rs.models.euler.series(5), 1),
    "imprecise": lambda: rs.FormalSeries([1.0 / (n + 1) for n in range(61)]).borel().pade(30, 30).poles(),
    "not isolated": lambda: rs.Action("(x^2+y^2-1)^2").critical_values(),
    "wrong number": lambda: rs.borel_sum(rs.models.quartic.series(5), "x"),
}


@pytest.fixture(params=[(53, 15), (97, 33)])
def precisions(request):
    """Set both precisions to unusual values for the time of a test, and check that nobody else changed them."""
    before = flint.ctx.prec, mpmath.mp.dps
    flint.ctx.prec, mpmath.mp.dps = request.param
    yield request.param
    after = flint.ctx.prec, mpmath.mp.dps
    flint.ctx.prec, mpmath.mp.dps = before
    assert after == request.param


@pytest.mark.parametrize("name", CALLS)
def test_untouched_by_calls(name, precisions):
    CALLS[name]()
    assert (flint.ctx.prec, mpmath.mp.dps) == precisions
    assert flint.ctx.cap == 10


@pytest.mark.parametrize("name", ERRORS)
def test_untouched_by_errors(name, precisions):
    with pytest.raises(ValueError):  # noqa: PT011 - the messages are tested elsewhere
        ERRORS[name]()
    assert (flint.ctx.prec, mpmath.mp.dps) == precisions


def test_results_do_not_depend_on_the_callers_precision():
    results = []
    for prec, dps in [(20, 6), (53, 15), (700, 200)]:
        before = flint.ctx.prec, mpmath.mp.dps
        flint.ctx.prec, mpmath.mp.dps = prec, dps
        try:
            e = rs.borel_sum(rs.FormalSeries(rs.models.quartic.series(41).coefficients), "1/10", digits=40)
        finally:
            flint.ctx.prec, mpmath.mp.dps = before
        results.append((e.value._mpc_, e.error._mpf_))
    assert results[0] == results[1] == results[2]


def test_threads_get_the_same_answers_as_one():
    jobs = {digits: rs.borel_sum(rs.models.quartic.series(5), "1/10", digits=digits) for digits in (10, 50, 150, 400)}
    problems = []

    def work(digits: int) -> None:
        for _ in range(5):
            e = rs.borel_sum(rs.models.quartic.series(5), "1/10", digits=digits)
            if e != jobs[digits]:
                problems.append(digits)

    before = flint.ctx.prec, mpmath.mp.dps
    threads = [threading.Thread(target=work, args=(digits,)) for digits in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert (flint.ctx.prec, mpmath.mp.dps) == before
