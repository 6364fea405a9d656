"""Which findings count."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.check.objects import edge, finding, group, root, seen
from tracestitch.check.expectations import Expectation
from tracestitch.check.findings import list_findings
from tracestitch.check.settings import Settings
from tracestitch.check.verdict import Verdict, judge

NOTHING_KNOWN: frozenset[tuple[str | None, ...]] = frozenset()
BROKEN = [edge(count=2)]


def codes(verdict: Verdict) -> list[str]:
    return [each.code for each in verdict.findings]


def test_orphan_roots_count_and_expected_ones_only_when_strict() -> None:
    found = seen(root("t1"), root("t2", "P1", expected=True), edges=BROKEN)

    assert codes(judge(found, Settings(), NOTHING_KNOWN)) == ["S1"]
    assert codes(judge(found, Settings(strict=True), NOTHING_KNOWN)) == ["P1", "S1"]
    assert judge(found, Settings(), NOTHING_KNOWN).counts == {
        "expected": 1,
        "allowed": 0,
        "baseline": 0,
    }


def test_allowed_causes_and_known_findings_are_quiet() -> None:
    found = seen(
        root("t1"),
        root("t2", "S2"),
        root("t3", "S3"),
        groups=[group(count=3)],
        edges=[edge(count=3)],
    )
    known = frozenset(each.known_as for each in list_findings([root("t9", "S2")], []))
    verdict = judge(found, Settings(allowed=("S3",)), known)

    assert codes(verdict) == ["S1"]
    assert [(each.code, why) for each, why in verdict.quiet] == [
        ("S2", "baseline"),
        ("S3", "allowed"),
    ]
    assert verdict.remarks == ()


def test_a_missed_expectation_is_a_finding_that_a_baseline_may_know() -> None:
    settings = Settings(expectations=(Expectation("orders", "audit"),))
    found = seen(edges=[edge(count=1, connected=1)])
    verdict = judge(found, settings, NOTHING_KNOWN)

    assert codes(verdict) == ["expectation"]
    assert (
        codes(judge(found, settings, frozenset(each.known_as for each in verdict.findings))) == []
    )


def test_an_allowed_cause_does_not_meet_an_expectation() -> None:
    settings = Settings(expectations=(Expectation("orders", "payment-service"),), allowed=("S1",))
    found = seen(root(), groups=[group()], edges=[edge(count=1)])

    assert codes(judge(found, settings, NOTHING_KNOWN)) == ["expectation"]


@pytest.mark.parametrize(
    ("settings", "known", "remark"),
    [
        (
            Settings(allowed=("S3",)),
            NOTHING_KNOWN,
            "No orphan root has the allowed cause S3.",
        ),
        (
            Settings(baseline=Path("b")),
            frozenset([finding().known_as]),
            "The baseline names what was not found again: "
            "S1, payment-service, aws_sqs, orders, order.process.",
        ),
    ],
)
def test_what_is_excused_and_not_there_is_remarked_on(
    settings: Settings, known: frozenset[tuple[str | None, ...]], remark: str
) -> None:
    verdict = judge(seen(edges=[edge(count=1, connected=1)]), settings, known)

    assert verdict.remarks == (remark,)
    assert verdict.findings == ()


def test_messages_without_context_that_leave_no_orphan_root_are_remarked_on() -> None:
    batch = edge(count=6, connected=3)

    assert judge(seen(edges=[batch]), Settings(), NOTHING_KNOWN).remarks == (
        "order-service → orders → payment-service: 3 of 6 messages brought no context, and "
        "their consumers continue others.",
    )
    assert (
        judge(seen(groups=[group(count=3)], edges=[batch]), Settings(), NOTHING_KNOWN).remarks == ()
    )


def test_notes_on_edges_are_remarks() -> None:
    note = {"code": "B1", "title": "Baggage was dropped", "fix": None, "count": 4}
    verdict = judge(
        seen(edges=[edge(count=4, connected=4, notes=[note])]), Settings(), NOTHING_KNOWN
    )

    assert verdict.remarks == (
        "order-service → orders → payment-service: B1 Baggage was dropped (4).",
    )


def test_spans_without_any_hand_over_pass_with_a_remark() -> None:
    verdict = judge(seen(), Settings(), NOTHING_KNOWN)

    assert verdict.findings == ()
    assert verdict.remarks[0].startswith("No hand-over of a message was seen")


def test_remarks_that_a_server_still_works_out_are_said_to_be_missing() -> None:
    late = replace(seen(edges=[edge(count=4, connected=4)]), remarks_pending=True)

    assert judge(late, Settings(), NOTHING_KNOWN).remarks == (
        "The server still works out its remarks on hand-overs: they are missing here.",
    )


def test_hand_overs_are_counted() -> None:
    found = seen(edges=[edge(count=3, connected=2), edge(count=4, connected=4)])

    assert (found.hand_overs, found.propagated) == (7, 6)
