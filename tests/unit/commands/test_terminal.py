"""Answers as text for the terminal."""

from typing import Any, cast

import pytest

from tracestitch.journey_text import draw_journey
from tracestitch.orphans_text import draw_orphans
from tracestitch.terminal import clean, clean_lines
from web.shapes import Group, Summary

CAUSE = {"code": "S1", "title": "Not requested", "confidence": 0.9, "fix": "ask()\n  for it"}


def span(number: int, parent: int | None = None, **fields: Any) -> dict[str, Any]:
    told = {
        "trace_id": "t",
        "span_id": str(number),
        "parent_span_id": None if parent is None else str(parent),
        "service_name": "service",
        "name": f"span {number}",
        "start_time_unix_nano": number,
        "end_time_unix_nano": number + 5_000_000,
        "status": "UNSET",
    }
    return told | fields


def connection(producer: int, consumer: int, **fields: Any) -> dict[str, Any]:
    told = {
        "producer": {"trace_id": "t", "span_id": str(producer)},
        "consumer": {"trace_id": "t", "span_id": str(consumer)},
        "relation": "stitch",
        "rule": "message-id",
        "confidence": 0.98,
        "destination": "orders",
        "wait_nano": 2_000_000,
        "notes": [],
    }
    return told | fields


def journey(**fields: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "key": "order.id",
        "value": "123",
        "trace_ids": ["t"],
        "start_time_unix_nano": 0,
        "end_time_unix_nano": 8_000_000,
        "status": "ok",
        **{name: [] for name in ("notes", "related", "spans", "connections", "orphans")},
        **{name: [] for name in ("attempts", "not_seen")},
    }
    return told | fields


def test_consumers_stand_below_their_producers_with_what_joins_them() -> None:
    text = draw_journey(
        journey(
            spans=[span(1), span(2, 1, status="ERROR"), span(3), span(4, 3, service_name=None)],
            connections=[connection(2, 3)],
            orphans=[
                {
                    "trace_id": "t",
                    "span_id": "3",
                    "cause": CAUSE,
                    "other_causes": [{"code": "S2"}, {"code": "S4\x1b[2J"}],
                    "expected": False,
                }
            ],
            related=[{"key": "workflow.id", "value": "w"}],
            not_seen=[
                {
                    "step": "ship in warehouse",
                    "state": "lost",
                    "usual_share": 0.991,
                    "examples": 200,
                    "usual_wait_nano": 1_200_000_000,
                }
            ],
            notes=[{"title": "Clocks differ"}] * 2,
        )
    )

    assert text.splitlines() == [
        "order.id = 123: ok with 1 broken hop, 4 spans in 1 trace, 8 ms",
        "  service: span 1  (5 ms)",
        "    service: span 2  (5 ms, error)",
        "      → [stitched by message id, 0.98, orders, waited 2 ms]"
        " service: span 3  (5 ms)   ! S1 Not requested, confidence 0.9 (perhaps S2, S4\ufffd[2J)",
        "        unknown service: span 4  (5 ms)",
        "related: workflow.id=w",
        "not seen (lost): ship in warehouse, usual in 99 % of 200 sends, 1.2 s after the send; "
        "later messages were received since",
        "note: Clocks differ",
        "",
        "S1 Not requested. To mend it:",
        "    ask()",
        "      for it",
    ]


def test_deliveries_say_which_attempt_they_were() -> None:
    def attempt(number: int, gap: int | None, outcome: str) -> dict[str, Any]:
        span_id = str(number + 1)
        told = {"trace_id": "t", "span_id": span_id, "attempt": number, "outcome": outcome}
        return told | {"gap_nano": gap}

    text = draw_journey(
        journey(
            spans=[span(1), span(2, 1, status="ERROR"), span(3, 1), span(4, 1)],
            attempts=[
                attempt(1, None, "error"),
                attempt(2, 30_000_000_000, "error"),
                attempt(3, 1_500_000_000, "dead-letter"),
            ],
        )
    )

    assert text.splitlines()[1:] == [
        "  service: span 1  (5 ms)",
        "    service: span 2  (5 ms, error)  attempt 1",
        "    service: span 3  (5 ms)  attempt 2, 30 s after the one before",
        "    service: span 4  (5 ms)  dead letter, 1.5 s after the one before",
    ]


def test_a_span_with_two_producers_is_drawn_once_and_named_again() -> None:
    text = draw_journey(
        journey(
            key=None,
            spans=[span(1), span(2), span(3)],
            connections=[connection(1, 3), connection(2, 3)],
        )
    )

    assert text.startswith("Journey: ok")
    assert text.count("span 3") == 2
    assert text.count("span 3  (5 ms) (drawn above)") == 1


def test_a_cycle_and_a_very_deep_chain_are_drawn() -> None:
    deep = [span(number, number - 1) for number in range(1, 5_000)]
    ring = [span(9_001, 9_002), span(9_002, 9_001), span(9_003, 9_003)]

    lines = draw_journey(journey(spans=deep + ring)).splitlines()

    assert sum("drawn above" in line for line in lines) == 1
    assert len(lines) == 1 + len(deep) + len(ring) + 1


def test_control_characters_in_names_do_not_reach_the_terminal() -> None:
    text = draw_journey(journey(value="\x1b[2J", spans=[span(1, name="a\x1b]0;b\x07\n\u202ec")]))

    assert [c for c in text if not c.isprintable() and c != "\n"] == []
    assert text.count("\n") == 1


@pytest.mark.parametrize(
    "text", ["::error::x", "  ::stop-commands::x", "##[add-mask]x", "a ##VSO[x]"]
)
def test_names_in_spans_do_not_command_the_log_of_a_job(text: str) -> None:
    cleaned = clean(text)

    assert not cleaned.lstrip().startswith("::")
    assert "##" not in cleaned
    assert len(cleaned) < len(text) + 1
    assert clean_lines(f"a\n{text}") == f"a\n{cleaned}"


@pytest.mark.parametrize("text", ["ns::work", "a ::b", "## heading", "# On the consumer:"])
def test_what_commands_nothing_stays(text: str) -> None:
    assert clean(text) == text


def group(**fields: Any) -> Group:
    told = {
        "producer_service": "order-service",
        "destination": "orders",
        "system": "aws_sqs",
        "consumer_service": "payment-service",
        "consumer_group": None,
        "cause": CAUSE,
        "fix": CAUSE["fix"],
        "count": 3,
        "settled_count": 3,
        "other_causes_count": 2,
        "connected": 4,
        "connected_after": 0,
        "first_seen": 0,
        "first_bad": 0,
        "last_seen": 60_000_000_000,
        "state": "broken",
        "always": False,
        "since_version": "1.2",
        "good_version": "1.1",
        "version_of": "service",
        "healed_since": None,
        "silent_since": None,
        "is_send": False,
        "trend": [
            {"from": 0, "to": 1, "broken": 3, "connected": 3},
            {"from": 1, "to": 2, "broken": 0, "connected": 1},
        ],
        "environment": None,
        "service_namespace": None,
        "scope": None,
        "evidence": [],
        "expected": False,
        "example": {"trace_id": "t", "span_id": "s"},
    }
    return cast("Group", told | fields)


SUMMARY: Summary = {
    "broken": 1,
    "silent": 0,
    "healed": 1,
    "unsettled": 0,
    "healthy": 4,
    "not_instrumented": 0,
}


def test_a_break_without_traffic_since_is_not_broken_now() -> None:
    told = draw_orphans({"groups": [group(silent_since=60)], "summary": SUMMARY | {"silent": 1}})
    assert told.startswith("No edge broken now, 1 when last used, 1 healed, 4 healthy.\n")
    assert "  broken when last used, no traffic since: 3 broken" in told


def test_sends_that_broke_have_no_consumer() -> None:
    told = draw_orphans({"groups": [group(is_send=True)], "summary": SUMMARY})
    assert told.splitlines()[2] == "order-service → orders (aws_sqs)"


def test_the_report_says_hop_cause_extent_and_fix() -> None:
    quiet = group(expected=True, state="expected", producer_service=None, destination=None)
    healed = group(state="healed", healed_since=60_000_000_000, connected_after=5)

    told = {"groups": [group(consumer_group="g"), quiet, healed], "summary": SUMMARY}
    assert draw_orphans(told).splitlines() == [
        "1 edge broken now, 1 healed, 4 healthy.",
        "",
        "order-service → orders (aws_sqs) → payment-service in group g",
        "  S1 Not requested, confidence 0.9",
        "  broken now: 3 broken, 4 connected; since payment-service 1.2, 1.1 was good",
        "  1 Jan 1970, 00:00:00 UTC to 1 Jan 1970, 00:01:00 UTC;"
        " broken in 1 of 2 periods with hand-overs; in the last 0 broken, 1 connected",
        "  such as trace t, span s",
        "    ask()",
        "      for it",
        "",
        "Healed:",
        "  order-service → orders (aws_sqs) → payment-service: 3 × S1 Not requested;"
        " since 1 Jan 1970, 00:01:00 UTC 5 hand-overs connected",
        "",
        "Expected:",
        "  unknown destination → payment-service: 3 × S1 Not requested",
    ]


def test_an_empty_report_says_so() -> None:
    assert draw_orphans({"groups": [], "summary": SUMMARY}).startswith("No orphan roots")


def test_several_broken_hand_overs_are_a_line_each_and_fixes_are_asked_for() -> None:
    old, new = group(count=30), group(first_bad=3_600_000_000_000, destination="stock")
    told = {"groups": [old, new], "summary": SUMMARY}
    assert draw_orphans(told).splitlines()[2:] == [
        "    3 of 9 broken  order-service → stock (aws_sqs) → payment-service: S1 Not requested",
        "  30 of 36 broken  order-service → orders (aws_sqs) → payment-service: S1 Not requested",
        "",
        "Details and how to mend them: tracestitch orphans --fix",
    ]
    assert draw_orphans(told, fix=True).count("ask()") == 2
