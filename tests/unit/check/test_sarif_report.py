"""The verdict as SARIF, against the schema of the standard."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.unit.check.verdicts import BROKEN, CLEAN, hostile
from tracestitch.check.sarif_report import write_sarif
from tracestitch.check.verdict import Verdict

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "sarif-schema-2.1.0.json").read_text())
VALIDATOR = jsonschema.Draft4Validator(
    SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER
)


def run_of(verdict: Verdict, *places: str) -> dict[str, Any]:
    told = json.loads(write_sarif(verdict, places or ("spans.pb",), "1.2.3"))
    VALIDATOR.validate(told)
    run: dict[str, Any] = told["runs"][0]
    return run


@pytest.mark.parametrize("verdict", [CLEAN, BROKEN, hostile()], ids=["clean", "broken", "hostile"])
def test_every_report_is_valid(verdict: Verdict) -> None:
    assert run_of(verdict)["tool"]["driver"]["name"] == "tracestitch"


def test_what_is_no_report_is_not_valid() -> None:
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({"version": "2.1.0", "runs": [{"results": []}]})


def test_findings_of_one_fingerprint_are_one_result() -> None:
    run = run_of(BROKEN)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]

    assert rules == ["S1", "S3", "expectation"]
    assert sorted((r["ruleId"], r["occurrenceCount"]) for r in run["results"]) == [
        ("S1", 2),
        ("S3", 1),
        ("expectation", 1),
    ]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])


def test_a_result_says_where_what_and_how_to_mend_it() -> None:
    (result,) = (
        r for r in run_of(BROKEN, "out dir/ä.pb", "b.pb")["results"] if r["ruleId"] == "S1"
    )

    assert result["level"] == "error"
    assert result["message"]["text"] == (
        "order-service → orders (aws_sqs) → payment-service\n"
        "S1 Title of S1, confidence 0.9: 2 orphan roots\n"
        "such as trace t1, span s1 (order.process)\n"
        "Ask.\n"
        "Again."
    )
    assert result["locations"] == [
        {
            "physicalLocation": {"artifactLocation": {"uri": "out%20dir/%C3%A4.pb"}},
            "logicalLocations": [{"fullyQualifiedName": "payment-service/order.process"}],
        }
    ]
    assert list(result["partialFingerprints"]) == ["tracestitch/v1"]


@pytest.mark.parametrize(
    ("place", "uri"),
    [
        ("https://traces.example:8080", "https://traces.example:8080"),
        ("/tmp/a b.pb", "file:///tmp/a%20b.pb"),
        ("-", "-"),
        ("a\udcffb", "a%3Fb"),
    ],
)
def test_places_are_addresses(place: str, uri: str) -> None:
    result = run_of(BROKEN, place)["results"][0]

    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_remarks_are_notes() -> None:
    (invocation,) = run_of(BROKEN)["invocations"]

    assert invocation["toolExecutionNotifications"] == [
        {"level": "note", "message": {"text": "Something odd."}}
    ]


def test_garbage_is_replaced() -> None:
    text = write_sarif(hostile(), ["a"], "1")

    assert "\\ud800" not in text
    assert "\\u001b" not in text
