"""Hand-overs that have to be there."""

import pytest

from tests.unit.check.objects import edge, group
from tracestitch.check.expectations import Expectation, judge_expectation, parse_expectation
from tracestitch.check.findings import EXPECTATION, Finding
from web.shapes import Edge, Group

ASKED = Expectation("orders", "payment-service")


def missed(
    asked: Expectation,
    edges: list[Edge],
    groups: list[Group] | None = None,
    *,
    strict: bool = False,
) -> Finding | None:
    return judge_expectation(asked, edges, groups or [], strict=strict).missed


@pytest.mark.parametrize(
    "text",
    ["orders -> payment-service", "orders->payment-service", " orders  →  payment-service "],
)
def test_both_arrows_are_understood(text: str) -> None:
    assert parse_expectation(text) == ASKED


def test_names_may_hold_an_arrow_where_the_other_one_stands_apart() -> None:
    assert parse_expectation("a->b -> c") == Expectation("a->b", "c")


@pytest.mark.parametrize("text", ["", "orders", "orders ->", "-> pay", "a -> b -> c", "a > b"])
def test_what_is_no_hand_over_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="DESTINATION -> SERVICE"):
        parse_expectation(text)


def test_a_propagated_hand_over_meets_its_expectation() -> None:
    assert missed(ASKED, [edge(count=3, connected=3)]) is None


def test_a_hand_over_is_named_by_its_producer_where_no_destination_is_called_so() -> None:
    asked = Expectation("order-service", "payment-service")

    assert missed(asked, [edge(count=3, connected=3)]) is None


def test_a_destination_beats_a_service_of_the_same_name() -> None:
    orders = edge(count=1, connected=1, destination="orders", consumer_service="audit")
    service = edge(
        count=1,
        connected=1,
        destination="else",
        producer_service="orders",
        consumer_service="payment-service",
    )
    found = missed(ASKED, [orders, service])

    assert found is not None
    assert found.fix == "Only audit and payment-service took messages of orders."


def test_one_lost_context_misses_it_with_cause_and_example() -> None:
    found = missed(ASKED, [edge(count=3, connected=2)], [group(count=1)])

    assert found is not None
    assert (found.code, found.title) == (
        EXPECTATION,
        "The hand-over orders -> payment-service is not propagated",
    )
    assert found.fix == (
        "1 of 3 messages came without a propagated context. Cause: S1, Title of S1."
    )
    assert (found.trace_id, found.span_id) == ("t1", "order.process")
    assert (found.service_name, found.destination) == ("payment-service", "orders")


def test_links_to_some_messages_of_a_batch_only_miss_it_although_nothing_is_orphaned() -> None:
    found = missed(ASKED, [edge(count=3, connected=2)])

    assert found is not None
    assert found.fix.startswith("1 of 3 messages came without a propagated context.")


def test_expected_orphan_roots_are_no_fault_beside_propagated_ones_unless_strict() -> None:
    edges, groups = [edge(count=3, connected=2)], [group("P1", count=1, expected=True)]

    assert missed(ASKED, edges, groups) is None
    assert missed(ASKED, edges, groups, strict=True) is not None


def test_a_hand_over_that_was_never_propagated_misses_it_even_for_expected_causes() -> None:
    found = missed(ASKED, [edge(count=2)], [group("P1", count=2, expected=True)])

    assert found is not None
    assert found.fix == "None of 2 messages brought a context, for expected causes."


def test_orphan_roots_of_other_consumers_do_not_count() -> None:
    other = group(consumer_service="audit")

    assert missed(ASKED, [edge(count=1, connected=1)], [other]) is None


@pytest.mark.parametrize(
    ("edges", "told"),
    [
        ([], "No hand-over of a message was seen at all."),
        ([edge(consumer_service="audit")], "Only audit took messages of orders."),
        (
            [edge(destination="invoices")],
            "No destination and no service that sends is called orders; "
            "payment-service took messages of invoices.",
        ),
        (
            [edge(destination="invoices", consumer_service="audit")],
            "Neither end was seen in a hand-over. Seen: invoices -> audit.",
        ),
        (
            [edge(destination=f"d{n:02}", consumer_service="audit") for n in range(12)],
            "Neither end was seen in a hand-over. Seen: "
            + ", ".join(f"d{n:02} -> audit" for n in range(10))
            + " and 2 others.",
        ),
    ],
)
def test_a_missing_hand_over_says_what_was_found_instead(edges: list[Edge], told: str) -> None:
    found = missed(ASKED, edges)

    assert found is not None
    assert found.title == "The hand-over orders -> payment-service is not there"
    assert found.fix == told
    assert (found.trace_id, found.expected, found.confidence) == (None, False, 1.0)


def test_an_expectation_knows_itself_again_in_another_recording() -> None:
    first = missed(ASKED, [])
    second = missed(ASKED, [edge(destination="invoices")])

    assert first is not None
    assert second is not None
    assert first.fingerprint == second.fingerprint
