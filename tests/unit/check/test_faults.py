"""Findings by hand-over."""

from tests.unit.check.objects import finding
from tracestitch.check.faults import describe_fault, list_faults, name_hop, point_at
from tracestitch.check.findings import EXPECTATION


def test_a_hand_over_is_named_as_in_the_report() -> None:
    assert name_hop(finding()) == "order-service → orders (aws_sqs) → payment-service"
    assert name_hop(finding(consumer_group="g", system=None, producer_service=None)) == (
        "unknown service → orders → payment-service in group g"
    )


def test_nobody_took_the_message_of_a_send_that_lost_its_work() -> None:
    sent = finding(code="P6", service_name="order-service", is_send=True)

    assert name_hop(sent) == "order-service → orders (aws_sqs)"


def test_an_expectation_names_and_describes_itself() -> None:
    missed = finding(code=EXPECTATION, title="It is not there", trace_id=None)

    assert name_hop(missed) == describe_fault([missed]) == "It is not there"
    assert point_at(missed) is None


def test_causes_of_a_hand_over_stand_together_whatever_the_order() -> None:
    found = [finding(code="S3"), finding(trace_id="t2"), finding(destination="late"), finding()]
    faults = list_faults(found)

    assert faults == list_faults(reversed(found))
    assert [[[each.code for each in fault] for fault in hop] for hop in faults.values()] == [
        [["S1"]],
        [["S1", "S1"], ["S3"]],
    ]


def test_a_fault_is_as_sure_as_the_surest_of_its_findings() -> None:
    assert describe_fault([finding(confidence=0.6), finding(confidence=0.95)]) == (
        "S1 Title of S1, confidence 0.95: 2 orphan roots"
    )
