"""The audit of the paper: every statement is judged, and every check is seen to accept and to refuse."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import flint
import mpmath
import pytest
from flint import acb, arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

import resurgence as rs
from resurgence.numbers import working_precision
from validation.claims.certified_integrals import BITS, laplace, over_the_line, shown
from validation.claims.claim import AuditError, Claim, Evidence, Form, Judgement, NotCheckable, Verdict, judge
from validation.claims.euler_series import lateral_integral
from validation.claims.page import formula, page, section
from validation.claims.registry import CLAIMS, Audit, Entry, audit, equation_numbers, find

CHECKED = [entry for entry in CLAIMS if isinstance(entry, Claim)]


def label(entry: Entry) -> str:
    return entry.label


def remembering(claim: Claim[Any]) -> Claim[Any]:
    """The same claim, whose check computes once for each of its forms."""
    found: list[tuple[Any, Evidence]] = []

    def check(value: Any) -> Evidence:
        for known, evidence in found:
            if known is value:
                return evidence
        found.append((value, claim.check(value)))
        return found[-1][1]

    return replace(claim, check=check)


# -- the statements ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", CHECKED, ids=label)
def test_statement(entry: Claim[Any]) -> None:
    before = mpmath.mp.prec, flint.ctx.prec, flint.ctx.cap
    claim = remembering(entry)
    judgement = judge(claim)
    assert judgement.verdict is not Verdict.NOT_CHECKABLE
    assert judgement.evidence is not None
    for evidence in (judgement.evidence, judgement.corrected_evidence, judgement.rival_evidence):
        assert evidence is None or all(what and value for what, value in evidence.figures)
    if judgement.verdict is Verdict.HOLDS:
        # The false neighbour in the printed place does not hold, and the printed form is none.
        assert claim.rival is not None, f"{entry.label} holds and has no false neighbour"
        swapped = judge(replace(claim, printed=claim.rival, rival=None, corrected=claim.printed, repairs=False))
        assert swapped.verdict is Verdict.FAILS
        with pytest.raises(AuditError, match="accepts the false neighbour"):
            judge(replace(claim, rival=claim.printed))
    else:
        # The right form in the printed place holds; the printed one as its correction is refused.
        assert claim.corrected is not None
        swapped = judge(replace(claim, printed=claim.corrected, corrected=None, rival=claim.printed))
        assert swapped.verdict is Verdict.HOLDS
        with pytest.raises(AuditError, match="refuses the correction"):
            judge(replace(claim, corrected=claim.printed))
        expected = Verdict.HOLDS_CORRECTED if claim.repairs else Verdict.FAILS
        assert judgement.verdict is expected
    assert (mpmath.mp.prec, flint.ctx.prec, flint.ctx.cap) == before


def test_not_checkable() -> None:
    for entry in CLAIMS:
        if isinstance(entry, NotCheckable):
            judgement = judge(entry)
            assert judgement.verdict is Verdict.NOT_CHECKABLE
            assert judgement.remark == entry.why
            assert judgement.evidence is None


def test_labels_are_unique() -> None:
    labels = [entry.label.casefold() for entry in CLAIMS]
    assert sorted({name for name in labels if labels.count(name) > 1}) == []


def test_every_number_of_the_paper_has_an_entry() -> None:
    numbers = {number for entry in CLAIMS for number in equation_numbers(entry.label)}
    assert sorted(set(range(1, 88)) - numbers) == []
    named = [
        *(f"Definition {n}" for n in (1, 2, 3)),
        *("Theorem 1", "Proposition 2", "Theorem 3", "Table 1", "Table 2"),
        *(f"Algorithm {n}" for n in (1, 2, 3, 4)),
        *(f"Figure {n}" for n in range(1, 8)),
    ]
    assert all(find(name) for name in named)
    assert len(CHECKED) >= 75


def test_equations_are_in_the_order_of_the_paper() -> None:
    numbers = [number for entry in CLAIMS for number in equation_numbers(entry.label) if entry.label.startswith("(")]
    assert numbers == sorted(numbers)


def test_every_formula_converts() -> None:
    refused = {}
    for entry in CLAIMS:
        if isinstance(entry, NotCheckable):
            texts = [entry.latex]
        else:
            texts = [form.latex for form in (entry.printed, entry.corrected, entry.rival) if form is not None]
        for latex in texts:
            try:
                formula(latex)
            except ValueError as error:
                refused[entry.label] = str(error)
    assert refused == {}


# -- judging -----------------------------------------------------------------------------------------------------------


def is_even(value: int) -> Evidence:
    return Evidence(value % 2 == 0, (("value", str(value)),), "exact")


def claim_of(printed: int, corrected: int | None = None, rival: int | None = None, repairs: bool = True) -> Claim[int]:
    forms = [None if value is None else Form(str(value), value) for value in (corrected, rival)]
    return Claim("(1)", "parity", Form(str(printed), printed), is_even, forms[0], repairs, forms[1])


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (claim_of(2, rival=3), Verdict.HOLDS),
        (claim_of(2, corrected=4), Verdict.HOLDS),
        (claim_of(1, corrected=2), Verdict.HOLDS_CORRECTED),
        (claim_of(1, corrected=2, repairs=False), Verdict.FAILS),
        (claim_of(1, corrected=2, rival=3), Verdict.HOLDS_CORRECTED),
    ],
)
def test_verdicts(claim: Claim[int], verdict: Verdict) -> None:
    judgement = judge(claim)
    assert judgement.verdict is verdict
    assert (judgement.corrected is None) == (verdict is Verdict.HOLDS)
    assert (judgement.rival is None) == (claim.rival is None)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (claim_of(2, rival=4), "accepts the false neighbour 4"),
        (claim_of(1, corrected=2, rival=4), "accepts the false neighbour 4"),
        (claim_of(1, rival=3), "no correction"),
        (claim_of(1, corrected=3), "refuses the correction 3"),
    ],
)
def test_unsound_audits(claim: Claim[int], message: str) -> None:
    with pytest.raises(AuditError, match=message):
        judge(claim)
    (outcome,) = audit([claim])
    assert isinstance(outcome, AuditError)


def test_bad_claims() -> None:
    with pytest.raises(ValueError, match="give a correction or a rival"):
        claim_of(2)
    with pytest.raises(ValueError, match="without a figure"):
        Evidence(True, (), "exact")
    with pytest.raises(ValueError, match="not 'guessed'"):
        Evidence(True, (("a", "b"),), "guessed")


def test_counts() -> None:
    judgements = tuple(judge(claim_of(value, corrected=2, rival=3)) for value in (2, 4, 1))
    assert Audit(judgements, ()).counts() == {
        Verdict.HOLDS: 2,
        Verdict.HOLDS_CORRECTED: 1,
        Verdict.FAILS: 0,
        Verdict.NOT_CHECKABLE: 0,
    }


# -- labels ------------------------------------------------------------------------------------------------------------


def test_find() -> None:
    assert [entry.label for entry in find("60")] == [entry.label for entry in find(" (60) ")] == ["(60)"]
    assert [entry.label for entry in find("theorem 3")] == ["Theorem 3"]
    rows = [entry.label for entry in find("Table 1")]
    assert len(rows) > 4
    assert all(row.startswith("Table 1,") for row in rows)


@pytest.mark.parametrize("name", ["88", "(0)", "Theorem 2", "", "Table", "60-61", "eq. 60"])
def test_unknown_labels(name: str) -> None:
    with pytest.raises(ValueError, match=r"^no statement is called .*; (similar ones|there are)") as caught:
        find(name)
    assert repr(name) in str(caught.value)


@given(st.sampled_from(CLAIMS), st.sampled_from([str, str.upper, str.lower, lambda name: f"  {name} "]))
def test_every_label_is_found(entry: Entry, spelled: Callable[[str], str]) -> None:
    assert any(found is entry for found in find(spelled(entry.label)))


@given(st.integers(1, 99), st.integers(0, 9))
def test_ranges(first: int, more: int) -> None:
    assert equation_numbers(f"({first})-({first + more})") == tuple(range(first, first + more + 1))


# -- the page ----------------------------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """Checks that elements are closed in order; collects ids and links."""

    VOID = frozenset({"meta", "br", "img", "mspace"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.links.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def unjudged(entry: Entry) -> Judgement:
    """What the page needs of an entry, without its computation."""
    if isinstance(entry, NotCheckable):
        return judge(entry)
    evidence = Evidence(True, (("a < b & c", "1 < 2"),), "exact")
    return Judgement(
        entry.label,
        entry.topic,
        Verdict.FAILS if entry.corrected else Verdict.HOLDS,
        entry.printed.latex,
        evidence,
        entry.corrected.latex if entry.corrected else None,
        evidence if entry.corrected else None,
        entry.rival.latex if entry.rival else None,
        evidence if entry.rival else None,
        entry.remark,
    )


def test_page_of_all() -> None:
    judgements = [unjudged(entry) for entry in CLAIMS]
    text = page(judgements)
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    assert len(set(reader.ids)) == len(reader.ids) == len(CLAIMS)
    assert {link.removeprefix("#") for link in reader.links} == set(reader.ids)
    assert "script" not in reader.seen
    assert "a &lt; b &amp; c" in text
    # The name space of MathML is the only address.
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) <= {"http://www.w3.org/1998/Math/MathML"}
    forms = sum(1 + (j.corrected is not None) + (j.rival is not None) for j in judgements)
    assert text.count("<math ") == forms
    for verdict in Verdict:
        count = sum(judgement.verdict is verdict for judgement in judgements)
        assert re.search(rf'>{verdict}</span></td><td class="n">{count}</td>', text)


def test_section_is_a_part_of_the_page() -> None:
    judgements = [unjudged(entry) for entry in CLAIMS[:3]]
    assert section(judgements) in page(judgements)
    assert "<html" not in section(judgements)


def test_what_the_page_refuses() -> None:
    with pytest.raises(ValueError, match="no judgement"):
        page([])
    with pytest.raises(ValueError, match=r"\(1\): no MathML for .*nonsense"):
        page([replace(judge(claim_of(2, rival=3)), printed=r"\nonsense x")])
    with pytest.raises(ValueError, match="no MathML"):
        formula(r"\frac{1}{")


# -- the integrals of the checks ---------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from(["above", "below"]))
def test_lateral_integrals_are_those_of_the_exponential_integral(top: int, bottom: int, side: Any) -> None:
    exact = rs.models.euler.exact(f"{top}/{bottom}", digits=30, side=side)
    found = lateral_integral(fmpq(top, bottom), side)
    assert found.overlaps(exact.ball(BITS))
    assert found.rad() < arb("1e-25")


@settings(max_examples=20)
@given(st.integers(1, 9), st.integers(1, 9))
def test_laplace_integrals(top: int, bottom: int) -> None:
    g = fmpq(top, bottom)
    with working_precision(BITS):
        exact = g - acb(1 / g).exp() * acb(1 / g).expint(1)
        other = acb(1 / g).exp() * acb(1 / g).expint(1)
    found = laplace(lambda x, _: 1 / (1 + x), "above", arb(1), g)
    assert found.overlaps(other)
    assert not found.overlaps(exact)


@settings(max_examples=20)
@given(st.integers(1, 9))
def test_gaussian_integrals(width: int) -> None:
    found = over_the_line(lambda x, _: (-x * x / width).exp(), 40, arb(1), arb(4))
    with working_precision(BITS):
        assert found.overlaps((acb.pi() * width).sqrt())
    assert float(shown(found.real, 10)) == pytest.approx(math.sqrt(math.pi * width), rel=1e-9)
