"""The comparison with the truth sees every kind of mistake; the drawing loses no span."""

from typing import Any

from tests.golden.tree import Edge, Forest, Span, draw
from tests.golden.truth import Comparison, Connection, Fact, Ids, Orphan, compare

P, C, ROOT, X = ("t1", "p"), ("t2", "c"), ("t2", "root"), ("t3", "x")


def ids(of: Ids) -> Fact:
    return {"trace_id": of[0], "span_id": of[1]}


def edge(**fields: Any) -> Fact:
    return {
        "producer": ids(P),
        "consumer": ids(C),
        "consumer_root": ids(ROOT),
        "relation": "none",
        "producer_exported": True,
        "consumer_exported": True,
        **fields,
    }


def lost(**fields: Any) -> Fact:
    return {**ids(ROOT), "cause": "S1", "also_ok": ["S2"], **fields}


def compared(
    edges: list[Fact], connections: list[Connection], roots: list[Fact], orphans: list[Orphan]
) -> dict[str, int]:
    """Number of entries of each list of differences that is not empty."""
    result = compare({"edges": edges, "orphan_roots": roots}, connections, orphans)
    return {
        name: len(getattr(result, name))
        for name in Comparison.__slots__
        if getattr(result, name) and not name.startswith("found")
    }


def test_the_right_answers_leave_nothing() -> None:
    right = [Connection(P, C, "stitch")]
    assert compared([edge()], right, [lost()], [Orphan(ROOT, "S1")]) == {}


def test_the_root_of_the_consumer_is_as_right_as_the_consumer() -> None:
    assert compared([edge()], [Connection(P, ROOT, "stitch")], [], []) == {}


def test_a_connection_to_another_span_is_wrong_and_the_delivery_is_missed() -> None:
    found = compared([edge()], [Connection(P, X, "stitch")], [], [])
    assert found == {"wrong_edges": 1, "missed_edges": 1}


def test_a_second_connection_for_one_delivery_is_wrong() -> None:
    twice = [Connection(P, C, "stitch"), Connection(P, ROOT, "stitch")]
    assert compared([edge()], twice, [], []) == {"wrong_edges": 1}


def test_one_connection_shows_all_messages_of_a_batch_between_two_spans() -> None:
    assert compared([edge(), edge()], [Connection(P, C, "stitch")], [], []) == {}


def test_a_delivery_whose_producer_was_never_sent_cannot_be_missed() -> None:
    assert compared([edge(producer_exported=False), edge(producer=None)], [], [], []) == {}


def test_the_relation_must_be_the_one_in_the_telemetry() -> None:
    drawn = [Connection(P, C, "stitch")]
    assert compared([edge(relation="link")], drawn, [], []) == {"wrong_relations": 1}


def test_an_orphan_that_is_none_is_false() -> None:
    assert compared([], [], [], [Orphan(X, "S1")]) == {"false_orphans": 1}


def test_an_orphan_that_nobody_found_is_missed() -> None:
    assert compared([], [], [lost()], []) == {"missed_orphans": 1}


def test_another_root_of_the_same_message_will_do() -> None:
    assert compared([], [], [lost(same_as=[ids(X)])], [Orphan(X, "S1")]) == {}


def test_causes_that_look_alike_are_told_from_wrong_ones() -> None:
    assert compared([], [], [lost()], [Orphan(ROOT, "S2")]) == {"other_causes": 1}
    assert compared([], [], [lost()], [Orphan(ROOT, "K1")]) == {"wrong_causes": 1}


def span(of: Ids, name: str, parent: Ids | None = None, start: int = 0) -> Span:
    return Span(of, parent, "shop", name, start)


def test_a_consumer_stands_below_its_producer_whatever_its_trace() -> None:
    spans = {P: span(P, "publish"), C: span(C, "process")}
    forest = Forest(spans, [Edge(P, C, "stitch message-id 0.98")], {C: "S1"})
    assert draw(forest) == (
        "1 journey\n  shop: publish\n    → [stitch message-id 0.98] shop: process   ! S1\n"
    )


def test_journeys_of_the_same_shape_are_drawn_once() -> None:
    assert draw(Forest({P: span(P, "a"), C: span(C, "a")}, [])) == "2 journeys\n  shop: a\n"


def test_a_consumer_of_two_messages_is_drawn_once_and_named_twice() -> None:
    spans = {P: span(P, "publish"), X: span(X, "publish", start=1), C: span(C, "process", start=2)}
    drawn = draw(Forest(spans, [Edge(P, C, "link"), Edge(X, C, "link")]))
    assert drawn.startswith("1 journey\n")
    assert drawn.count("shop: process") == 2
    assert drawn.count("(drawn above)") == 1


def test_spans_in_a_circle_are_drawn() -> None:
    spans = {P: span(P, "a"), C: span(C, "b", start=1)}
    drawn = draw(Forest(spans, [Edge(P, C, "link"), Edge(C, P, "link")]))
    assert "shop: a" in drawn
    assert "shop: b" in drawn
