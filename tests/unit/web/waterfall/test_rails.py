"""The rail that joins the attempts at one message."""

from typing import cast

from tests.web_objects import make_connection, make_span, picture_of
from web.trace_shapes import Attempt
from web.waterfall.layout import Waterfall, lay_out
from web.waterfall.rails import Rail, find_rails, parts_of


def fall_of_sends(*names: str) -> Waterfall:
    """A send whose message each of these receives, one after the other."""
    send = make_span("send", end=10)
    tries = [make_span(name, trace="t2", start=20 * n) for n, name in enumerate(names, 1)]
    spans = [send, *tries]
    return lay_out(picture_of(spans, [make_connection(send, each) for each in tries]))


def attempt(span: int, chain: int = 1, outcome: str = "error", trace: str = "t2") -> Attempt:
    """The span is told by its number, which is its id in a picture of objects."""
    told = {"trace_id": trace, "span_id": f"{span:016x}", "chain": chain, "outcome": outcome}
    return cast("Attempt", told)


def drawn(rails: list[Rail], rows: int) -> list[list[tuple[int, str, str | None]]]:
    parts = [parts_of(rails, row) for row in range(rows)]
    return [[(part.slot, part.place, part.look) for part in row] for row in parts]


def test_attempts_and_the_dead_letter_are_joined_past_the_rows_between() -> None:
    fall = fall_of_sends("one", "two", "dead")  # a hand-over row before each
    rails = find_rails(fall, [attempt(1), attempt(2), attempt(3, outcome="dead-letter")])
    assert drawn(rails, len(fall)) == [
        [],
        [],
        [(0, "first", "bad")],
        [(0, "inside", None)],
        [(0, "inside", "bad")],
        [(0, "inside", None)],
        [(0, "last", "dead")],
    ]


def test_a_single_attempt_or_one_that_is_not_in_the_picture_is_joined_to_nothing() -> None:
    fall = fall_of_sends("one", "two")
    assert find_rails(fall, []) == []
    assert find_rails(fall, [attempt(1)]) == []
    assert find_rails(fall, [attempt(1), attempt(99)]) == []
    assert find_rails(fall, [attempt(1), attempt(2, trace="t9")]) == []
    assert find_rails(fall, [attempt(1, chain=1), attempt(2, chain=2)]) == []


def test_messages_whose_attempts_overlap_have_rails_beside_each_other() -> None:
    fall = fall_of_sends("a", "b", "c", "a2", "b2", "c2", "d", "d2")
    chains = {1: (1, 4), 2: (2, 5), 3: (3, 6), 4: (7, 8)}
    rails = find_rails(fall, [attempt(n, chain) for chain, pair in chains.items() for n in pair])
    rows = [(fall.rows_of[first], fall.rows_of[last]) for first, last in chains.values()]
    assert [(rail.slot, rail.first, rail.last) for rail in rails] == [
        (0, *rows[0]),
        (1, *rows[1]),
        (0, *rows[3]),  # there is no room for the third
    ]


def test_the_order_of_attempts_does_not_matter() -> None:
    fall = fall_of_sends("one", "two", "three")
    told = [attempt(1), attempt(2), attempt(3, outcome="ok")]
    assert find_rails(fall, told) == find_rails(fall, told[::-1])
