"""What the end of a picture waited for."""

from itertools import pairwise

from hypothesis import given

from tests.unit.web.waterfall.test_layout import pictures
from tests.web_objects import MS, make_connection, make_span, picture_of
from web.shapes import Connection
from web.trace_shapes import Span
from web.waterfall.critical_path import find_critical_path
from web.waterfall.family import Family


def path_of(spans: list[Span], edges: list[Connection] | None = None) -> dict[str, list[object]]:
    """Pieces in milliseconds by name of the span, waits under "wait"."""
    picture = picture_of(spans, edges or [])
    found = find_critical_path(picture, Family(picture))
    told: dict[str, list[object]] = {
        spans[number]["name"]: [(left // MS, right // MS) for left, right in pieces]
        for number, pieces in found.spans.items()
    }
    if found.waits:
        told["wait"] = [(left // MS, right // MS) for left, right in found.waits.values()]
    return told


def test_of_parallel_children_only_the_one_that_ended_last_counts() -> None:
    spans = [
        make_span("root", end=100),
        make_span("quick", parent="root", start=10, end=40),
        make_span("slow", parent="root", start=10, end=90),
    ]
    assert path_of(spans) == {"root": [(90, 100), (0, 10)], "slow": [(10, 90)]}


def test_children_one_after_the_other_are_all_on_it() -> None:
    spans = [
        make_span("root", end=100),
        make_span("one", parent="root", start=10, end=40),
        make_span("two", parent="root", start=50, end=90),
    ]
    assert path_of(spans) == {
        "root": [(90, 100), (40, 50), (0, 10)],
        "one": [(10, 40)],
        "two": [(50, 90)],
    }


def test_a_wait_in_a_queue_is_on_it_and_what_the_producer_did_afterwards_is_not() -> None:
    root = make_span("root", end=60)
    send = make_span("send", parent="root", start=10, end=20)
    process = make_span("process", trace="t2", start=200, end=300)
    link = make_connection(send, process, relation="link")
    assert path_of([root, send, process], [link]) == {
        "process": [(200, 300)],
        "wait": [(20, 200)],
        "send": [(10, 20)],
        "root": [(0, 10)],
    }


def test_a_producer_that_ends_last_did_not_wait_for_its_consumer() -> None:
    send = make_span("send", end=500)
    process = make_span("process", trace="t2", start=20, end=300)
    assert path_of([send, process], [make_connection(send, process)]) == {"send": [(0, 500)]}


def test_a_further_attempt_waited_for_the_one_before() -> None:
    send = make_span("send", end=10)
    one, two = make_span("one", start=20, end=30), make_span("two", start=70, end=80)
    edges = [make_connection(send, one), make_connection(send, two, attempt=2)]
    assert path_of([send, one, two], edges) == {
        "two": [(70, 80)],
        "one": [(20, 30)],
        "send": [(0, 10)],
        "wait": [(30, 70), (10, 20)],
    }


def test_a_child_that_outlives_its_parent_is_where_the_end_is() -> None:
    spans = [make_span("root", end=50), make_span("late", parent="root", start=10, end=90)]
    assert path_of(spans) == {"late": [(10, 90)], "root": [(0, 10)]}


@given(pictures())
def test_it_ends_at_the_latest_end_and_no_two_pieces_overlap(
    drawn: tuple[list[Span], list[Connection]],
) -> None:
    picture = picture_of(*drawn)
    found = find_critical_path(picture, Family(picture))
    pieces = [piece for of_span in found.spans.values() for piece in of_span]
    pieces = sorted([*pieces, *found.waits.values()])
    assert all(left < right for left, right in pieces)
    assert all(a[1] <= b[0] for a, b in pairwise(pieces))
    latest = max(picture.end)
    last = [s for s, e in zip(picture.start, picture.end, strict=True) if e == latest]
    # what ended last took no time itself: no piece of it can be there
    if pieces and latest not in last:
        assert pieces[-1][1] == latest
