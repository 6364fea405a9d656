"""What a check finds."""

from tests.unit.check.objects import finding, group, root
from tracestitch.check.findings import list_findings


def test_every_orphan_root_is_a_finding_with_the_producer_of_its_group() -> None:
    found = list_findings([root("t2"), root("t1")], [group(count=2)])

    assert [(each.trace_id, each.span_id) for each in found] == [
        ("t1", "order.process"),
        ("t2", "order.process"),
    ]
    assert found[0].producer_service == "order-service"
    assert (found[0].code, found[0].fix) == ("S1", "Ask.\nAgain.")


def test_producers_that_cannot_be_told_apart_are_all_named() -> None:
    groups = [group(producer_service=name) for name in ("b", "a", None)]

    assert list_findings([root()], groups)[0].producer_service == "a or b"


def test_a_root_without_a_known_producer_is_a_finding_too() -> None:
    assert list_findings([root()], [group(code="S2")])[0].producer_service is None


def test_a_fingerprint_knows_neither_ids_nor_environments_nor_producers() -> None:
    other = finding(trace_id="t9", span_id="s9", environment="prod", producer_service=None)

    assert other.fingerprint == finding().fingerprint


def test_a_fingerprint_tells_causes_destinations_consumers_and_span_names_apart() -> None:
    others = [
        finding(code="S2"),
        finding(destination="invoices"),
        finding(service_name="audit"),
        finding(service_namespace="shop"),
        finding(span_name="process"),
        finding(consumer_group="g"),
        finding(system="kafka"),
        finding(destination=None),
    ]

    assert len({each.fingerprint for each in (finding(), *others)}) == len(others) + 1


def test_a_send_that_lost_its_work_is_known_as_one() -> None:
    sent, taken = list_findings([root("t1", "P6", is_send=True), root("t2", "S1")], [])

    assert (sent.is_send, taken.is_send) == (True, False)
