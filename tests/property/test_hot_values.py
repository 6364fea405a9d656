"""Values that too many traces carry: answers stay a function of the stored spans alone, also
while a value is on its way from few traces to too many."""

import itertools
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import link, span
from tests.property.pipelines import pipelines
from tests.property.test_analysis import analysed_store, answers

QUEUE = {"messaging.system": "aws_sqs", "messaging.destination.name": "d1"}
KAFKA = {"messaging.system": "kafka", "messaging.destination.name": "d2"}
# Few values for many traces; ids long enough to be believed.
VALUES: list[dict[str, Any]] = [
    {"order.id": "A"},
    {"order.id": "B"},
    {"messaging.message.id": "0000-1111-2222-0001"},
    {"messaging.message.id": "0000-1111-2222-0002"},
    KAFKA | {"messaging.kafka.partition": 0, "messaging.kafka.offset": 7},
]


@st.composite
def crowds(draw: st.DrawFn) -> list[Any]:
    """Up to twelve small traces: sends and deliveries of few values, works after receives
    in the same second."""
    spans = list(draw(st.one_of(st.just([]), pipelines())))
    for number in range(1, draw(st.integers(3, 12)) + 1):
        trace, at = 20_000 + number, draw(st.integers(0, 2)) * 0.5
        kind = draw(st.sampled_from(["send", "send", "process", "process", "receive", "work"]))
        told = draw(st.sampled_from(VALUES)) | draw(st.sampled_from([{}, *VALUES]))
        given_: dict[str, Any] = {"trace": trace, "id": number, "at": at}
        if kind == "send":
            given_ |= {"kind": "PRODUCER", "service": "a", "attributes": QUEUE | told}
        elif kind == "process":
            links = draw(st.sampled_from([[], [], [link(trace=20_001, id=1)]]))
            given_ |= {
                "kind": "CONSUMER",
                "service": draw(st.sampled_from(["b", "c"])),
                "attributes": QUEUE | told,
                "links": links,
            }
        elif kind == "receive":
            operation = {"messaging.operation": "receive", "messaging.message.id": f"m-{number}"}
            given_ |= {"kind": "CONSUMER", "service": "b", "attributes": QUEUE | operation}
        else:
            given_ |= {"service": "b", "at": at + 0.1, "attributes": told}
        names = {"send": "d1 publish", "process": "d1 process", "receive": "d1 receive"}
        spans.append(span(names.get(kind, "handle"), **given_))
    return spans


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[Any], list[list[Any]]]:
    """A crowd's spans, and the same spans in another order, in batches, some twice."""
    spans = draw(crowds())
    resent = draw(st.lists(st.sampled_from(spans), max_size=3))
    mixed = draw(st.permutations(spans + resent))
    cuts = sorted(draw(st.lists(st.integers(0, len(mixed)), max_size=6)))
    edges = [0, *cuts, len(mixed)]
    return spans, [mixed[a:b] for a, b in itertools.pairwise(edges)]


@pytest.mark.parametrize("limit", [1, 3])
@settings(max_examples=12, deadline=None)
@given(arrived=arrivals())
def test_hot_values_join_nothing_whatever_came_first(
    limit: int, arrived: tuple[list[Any], list[list[Any]]]
) -> None:
    spans, batches = arrived
    with patch("tracestitch.neighbourhoods.HOT_KEY_LIMIT", limit):
        at_once = answers(analysed_store([spans], passes=False))
        assert answers(analysed_store(batches, passes=True)) == at_once
        # one generation a pass, while later ones are stored already
        with patch("tracestitch.analysis.PASS_SPANS", 1):
            assert answers(analysed_store(batches, passes=False)) == at_once


def test_an_order_of_too_many_traces_is_joined_before_and_not_after() -> None:
    def order(number: int, kind: str) -> Any:
        side = {"PRODUCER": ("d1 publish", "a"), "CONSUMER": ("d1 process", "b")}[kind]
        return span(
            side[0],
            trace=number,
            id=number,
            kind=kind,
            service=side[1],
            at=number / 10,
            attributes=QUEUE | {"order.id": "A"},
        )

    pair, third = [order(1, "PRODUCER"), order(2, "CONSUMER")], order(3, "CONSUMER")
    with patch("tracestitch.neighbourhoods.HOT_KEY_LIMIT", 2):
        assert len(answers(analysed_store([pair], passes=True))["connections"]) == 1
        assert answers(analysed_store([pair, [third]], passes=True))["connections"] == []
