"""Absent targets of contexts, and what can be said of why they are absent."""

from typing import Any

import pytest

from analyzer.sampling_gaps import WHY, find_gaps
from storage.context_reads import ARRIVED_CONTEXTS, SENDERS
from tests.contract.rows import Row, make_table

REMOTE, SAMPLED = 0x300, 1
HALF = "8"  # the threshold of a ratio of one half
HIGH, LOW = 0xC0_0000_0000_0000, 0x40_0000_0000_0000  # randomness above and below it


def context(number: int = 1, **values: Any) -> Row:
    told = {
        "trace_hi": 1,
        "trace_lo": number,
        "span_id": 1,
        "relation": "link",
        "service_name": "pay",
        "destination": "orders",
        "target_hi": 0xFFFF_FFFF_0000_0000,
        "target_lo": HIGH,
        "flags": REMOTE,
        "start_time_unix_nano": number,
    }
    return told | values


def sender(service: str = "shop", threshold: str | None = None, **values: Any) -> Row:
    told = {"service_name": service, "destination": "orders", "count": 1}
    return told | {"sampling_threshold": threshold} | values


def find(contexts: list[Row], senders: list[Row] | None = None) -> list[dict[str, Any]]:
    found = find_gaps(make_table(ARRIVED_CONTEXTS, contexts), make_table(SENDERS, senders or []))
    return found.to_dicts()


def why(told: Row, *senders: Row) -> str:
    (gap,) = find([told], list(senders))
    (name,) = (name for name in WHY if gap[name])
    return name


def test_an_edge_counts_what_arrived_and_what_of_it_is_stored() -> None:
    stored = [context(number, stored=True) for number in (1, 2)]
    (gap,) = find([*stored, context(3), context(4, stored=True)], [sender()])

    assert (gap["contexts"], gap["stored"], gap["absent"], gap["unknown"]) == (4, 3, 1, 1)
    assert (gap["trace_lo"], gap["producer_service"]) == (3, "shop")


def test_an_edge_where_everything_is_stored_is_no_gap() -> None:
    assert find([context(stored=True)]) == []


def test_edges_are_told_apart_and_the_most_absent_comes_first() -> None:
    gaps = find([context(1, destination="a"), context(2), context(3)])

    assert [(gap["destination"], gap["absent"]) for gap in gaps] == [("orders", 2), ("a", 1)]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"flags": REMOTE | SAMPLED}, "said_sampled"),
        ({"flags": REMOTE | SAMPLED, "tells": True}, "said_sampled"),
        ({"tells": True}, "said_unsampled"),
        ({}, "unknown"),  # an exporter that never writes the bit
        ({"trace_state": "a=b,ot=th:c"}, "said_sampled"),
        ({"relation": "parent", "flags": REMOTE | SAMPLED, "tells": True}, "unknown"),
        ({"relation": "parent"}, "unknown"),
    ],
)
def test_flags_and_the_tracestate_say_whether_it_was_sampled(
    told: dict[str, Any], reason: str
) -> None:
    assert why(context(**told)) == reason


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"target_lo": LOW}, "proven_unsampled"),
        ({"target_lo": HIGH}, "unknown"),
        ({"target_lo": 0x80_0000_0000_0000}, "unknown"),  # the threshold itself is sampled
        ({"target_lo": 0xFF00_0000_0000_0000 + LOW}, "proven_unsampled"),  # seven bytes count
        ({"target_lo": HIGH, "trace_state": "ot=rv:40000000000000"}, "proven_unsampled"),
        ({"target_lo": LOW, "trace_state": "ot=rv:c0000000000000"}, "unknown"),
        ({"target_lo": LOW, "relation": "parent"}, "proven_unsampled"),
        ({"target_lo": LOW, "flags": REMOTE | SAMPLED}, "said_sampled"),
    ],
)
def test_randomness_below_the_threshold_of_the_producer_is_proof(
    told: dict[str, Any], reason: str
) -> None:
    assert why(context(**told), sender(threshold=HALF)) == reason


def test_of_several_producers_the_lowest_threshold_proves() -> None:
    low = context(target_lo=LOW)

    assert why(low, sender("a", HALF), sender("b", "3")) == "unknown"
    assert why(low, sender("a", HALF), sender("b", "5")) == "proven_unsampled"
    assert why(low, sender("a", HALF), sender("b", None)) == "unknown"
    (gap,) = find([low], [sender("a", HALF), sender("b", HALF)])
    assert gap["producer_service"] is None


def test_what_a_service_samples_by_most_of_the_time_counts() -> None:
    low = context(target_lo=LOW)

    assert why(low, sender(threshold=HALF, count=9), sender(count=1)) == "proven_unsampled"
    assert why(low, sender(threshold=HALF, count=1), sender(count=9)) == "unknown"


def test_producers_of_other_places_and_environments_prove_nothing() -> None:
    low = context(target_lo=LOW)

    assert why(low, sender(threshold=HALF, destination="mails")) == "unknown"
    assert why(low, sender(threshold=HALF, environment="test")) == "unknown"
    assert why(context(target_lo=LOW, destination=None), sender(threshold=HALF)) == "unknown"


def test_ids_that_begin_with_their_time_are_of_xray_unless_the_producers_make_such() -> None:
    made, second = 1_760_000_000, 1_000_000_000
    told = {"target_hi": made << 32, "start_time_unix_nano": (made + 3) * second}

    assert why(context(**told)) == "xray_segment"
    assert why(context(**told, flags=REMOTE | SAMPLED)) == "xray_segment"
    assert why(context(**told | {"start_time_unix_nano": (made - 90) * second})) == "unknown"
    (gap,) = find([context(**told), context(2, **told, stored=True)])
    assert (gap["xray_segment"], gap["unknown"]) == (0, 1)
