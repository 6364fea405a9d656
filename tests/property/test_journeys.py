"""Random hand-overs between random traces: how they are fetched and in which order they
are stored never changes a journey."""

import random
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.answer_builders import STORED_AT, Scene
from web.journeys.journey import journey_of_attribute, journey_of_trace
from web.trace_shapes import Journey

TRACES, SPANS = 6, 4
MOST = 50

SPAN_NUMBERS = st.integers(1, SPANS)
ENDS = st.tuples(st.integers(1, TRACES), SPAN_NUMBERS)
PLANS = st.fixed_dictionaries(
    {
        # of each span: its parent (also itself, or none that exists) and its order
        "spans": st.lists(
            st.tuples(st.none() | st.integers(1, SPANS + 1), st.none() | st.sampled_from("AB")),
            min_size=TRACES * SPANS,
            max_size=TRACES * SPANS,
        ),
        "handovers": st.lists(
            st.tuples(ENDS, ENDS, st.sampled_from([1.0, 0.9, 0.5]), st.booleans()), max_size=14
        ),
    }
)


def build(plan: dict[str, Any], seed: int) -> Scene:
    shuffled = random.Random(seed)
    scene = Scene()
    scene.span(1, 100, order="A")
    places = [(trace, span) for trace in range(1, TRACES + 1) for span in range(1, SPANS + 1)]
    pairs = list(zip(places, plan["spans"], strict=True))
    shuffled.shuffle(pairs)
    spans = {
        (trace, number): scene.span(trace, number, parent=parent, order=order, service=f"s{trace}")
        for (trace, number), (parent, order) in pairs
    }
    handovers = list(
        {(producer, consumer): rest for producer, consumer, *rest in plan["handovers"]}.items()
    )
    shuffled.shuffle(handovers)
    for (producer, consumer), (confidence, dead_letter) in handovers:
        scene.hand_over(
            spans[producer], spans[consumer], confidence=confidence, dead_letter=dead_letter
        )
    return scene


def ask(plan: dict[str, Any], *, seed: int, levels: int, at_once: int) -> tuple[Journey, Journey]:
    store = build(plan, seed).store()
    with (
        patch("web.journeys.walking._LIKELY_LEVELS", levels),
        patch("web.journeys.walking.AT_ONCE", at_once),
        patch("web.journeys.journey.AT_ONCE", at_once),
    ):
        by_value = journey_of_attribute(store, "order.id", "A", STORED_AT)["journey"]
        by_trace = journey_of_trace(store, (1, 1), STORED_AT)["journey"]
    return by_value, by_trace


@settings(max_examples=MOST, deadline=None)
@given(PLANS)
def test_a_journey_is_a_function_of_the_stored_spans(plan: dict[str, Any]) -> None:
    first = ask(plan, seed=1, levels=1, at_once=1)
    assert ask(plan, seed=2, levels=12, at_once=1000) == first
    assert ask(plan, seed=3, levels=2, at_once=2) == first


@settings(max_examples=MOST, deadline=None)
@given(PLANS)
def test_a_journey_is_whole_and_consistent(plan: dict[str, Any]) -> None:
    for journey in ask(plan, seed=1, levels=12, at_once=1000):
        inside = {span["trace_id"] for span in journey["spans"]}
        assert sorted(inside) == journey["trace_ids"]
        counts = dict.fromkeys(inside, 0)
        for span in journey["spans"]:
            counts[span["trace_id"]] += 1
        first = f"{1:016x}{1:016x}"
        assert counts == {trace: SPANS + (trace == first) for trace in inside}
        for connection in journey["connections"]:
            assert {
                connection["producer"]["trace_id"],
                connection["consumer"]["trace_id"],
            } <= inside
            assert connection["confidence"] >= 0.8
        # what died and was sent again with success is well
        assert journey["status"] != "dead-letter" or any(
            attempt["ended_by"] == "dead-letter" for attempt in journey["attempts"]
        )
        for attempt in journey["attempts"]:
            steps = [a for a in journey["attempts"] if a["chain"] == attempt["chain"]]
            assert attempt["ended_by"] == steps[-1]["outcome"]
