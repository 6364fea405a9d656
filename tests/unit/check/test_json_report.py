"""The verdict as JSON."""

import json

from tests.unit.check.verdicts import BROKEN, CLEAN, hostile
from tracestitch.check.json_report import write_json

PROMISED = (
    "code",
    "title",
    "confidence",
    "expected",
    "fix",
    "trace_id",
    "span_id",
    "service_name",
    "destination",
)


def test_findings_have_the_promised_names() -> None:
    told = json.loads(write_json(BROKEN))

    assert [tuple(each)[: len(PROMISED)] for each in told["findings"]] == [PROMISED] * 4
    assert {name: told["findings"][0][name] for name in PROMISED} == {
        "code": "S1",
        "title": "Title of S1",
        "confidence": 0.9,
        "expected": False,
        "fix": "Ask.\nAgain.",
        "trace_id": "t1",
        "span_id": "s1",
        "service_name": "payment-service",
        "destination": "orders",
    }
    assert told["findings"][3]["code"] == "expectation"
    assert told["findings"][3]["trace_id"] is None


def test_the_summary_counts() -> None:
    told = json.loads(write_json(BROKEN))

    assert told["summary"] == {
        "passed": False,
        "findings": 4,
        "orphan_roots": 3,
        "expectations_missed": 1,
        "expected": 1,
        "allowed": 0,
        "baseline": 0,
        "hand_overs": 4,
        "propagated": 1,
        "spans": 9,
        "traces": 3,
    }
    assert [(each["code"], each["reason"]) for each in told["quiet"]] == [("P1", "expected")]
    assert told["expectations"] == [
        {"expect": "invoices -> audit", "met": False},
        {"expect": "orders -> payment-service", "met": True},
    ]
    assert told["remarks"] == ["Something odd."]


def test_a_clean_verdict_has_no_findings() -> None:
    told = json.loads(write_json(CLEAN))

    assert (told["findings"], told["summary"]["passed"]) == ([], True)


def test_garbage_in_names_is_json_still() -> None:
    assert json.loads(write_json(hostile()).encode("ascii"))["summary"]["findings"] == 1
