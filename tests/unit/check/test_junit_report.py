"""The verdict as JUnit XML, against the schema of Jenkins' xUnit plugin."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema

from tests.unit.check.verdicts import BROKEN, CLEAN, hostile
from tracestitch.check.junit_report import write_junit
from tracestitch.check.verdict import Seen, Verdict

SCHEMA = xmlschema.XMLSchema(str(Path(__file__).parents[2] / "schemas" / "junit-10.xsd"))
EMPTY = Verdict(Seen(1, 1), (), (), ())


@pytest.mark.parametrize(
    "verdict", [CLEAN, BROKEN, EMPTY, hostile()], ids=["clean", "broken", "empty", "hostile"]
)
def test_every_report_is_valid(verdict: Verdict) -> None:
    SCHEMA.validate(ElementTree.fromstring(write_junit(verdict)))


def test_what_is_no_report_is_not_valid() -> None:
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        SCHEMA.validate(ElementTree.fromstring("<testsuites><testcase/></testsuites>"))


def test_every_hand_over_and_expectation_is_a_test_case() -> None:
    suites = ElementTree.fromstring(write_junit(BROKEN))
    told = {
        case.get("name"): [(child.tag, child.get("message")) for child in case]
        for case in suites.iter("testcase")
    }

    assert told == {
        "The hand-over invoices -> audit is not there": [
            ("failure", "The hand-over invoices -> audit is not there")
        ],
        "The hand-over orders -> payment-service is propagated": [],
        "order-service → invoices (aws_sqs) → payment-service": [],
        "order-service → late (aws_sqs) → payment-service": [
            ("skipped", "P1 Title of P1: expected")
        ],
        "order-service → orders (aws_sqs) → payment-service": [
            ("failure", "S1 Title of S1, confidence 0.9: 2 orphan roots"),
            ("failure", "S3 Title of S3, confidence 0.9: 1 orphan root"),
        ],
    }
    assert suites.attrib == {
        "name": "tracestitch check",
        "tests": "5",
        "failures": "3",
        "errors": "0",
    }


def test_a_failure_holds_an_example_and_the_fix() -> None:
    missed, first, _ = ElementTree.fromstring(write_junit(BROKEN)).iter("failure")

    assert (missed.get("type"), first.get("type")) == ("expectation", "S1")
    assert first.text == "such as trace t1, span s1 (order.process)\nAsk.\nAgain."


def test_names_in_spans_do_not_begin_lines() -> None:
    finding = replace(BROKEN.findings[0], code="S1", span_name="x\n::error::y", trace_id="t")
    report = write_junit(replace(BROKEN, findings=(finding,), remarks=("a\n::error::b",)))

    assert not [line for line in report.splitlines() if line.startswith("::")]
