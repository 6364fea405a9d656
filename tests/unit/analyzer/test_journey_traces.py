"""Who stands above whom in one trace, whatever the parents say."""

from analyzer.journey_traces import SpanId, nearest, read_parents, read_views
from tests.contract import rows


def ids(*numbers: int) -> list[SpanId]:
    return [(1, 1, number) for number in numbers]


def parents(**child_of: int | None) -> dict[SpanId, SpanId | None]:
    """`s2=1`: span 2 has parent 1."""
    return {
        (1, 1, int(name[1:])): None if parent is None else (1, 1, parent)
        for name, parent in child_of.items()
    }


def test_the_nearest_marked_span_is_the_span_itself_or_an_ancestor() -> None:
    tree = parents(s1=None, s2=1, s3=2, s4=3, s5=None, s6=9)
    found = nearest(list(tree), tree, set(ids(1, 3)))
    one, three = ids(1, 3)
    assert list(found.values())[:4] == [one, one, three, three]
    assert [found[span] for span in ids(5, 6)] == [None, None]


def test_nobody_stands_above_spans_whose_parents_run_in_a_circle() -> None:
    tree = parents(s1=2, s2=1, s3=1, s4=4)
    assert set(nearest(list(tree), tree, set()).values()) == {None}
    two = ids(2)[0]
    assert nearest(list(tree), tree, {two}) == dict(
        zip(ids(1, 2, 3, 4), [two, two, two, None], strict=True)
    )


def test_of_spans_with_the_same_ids_the_smallest_content_hash_counts() -> None:
    spans = [
        rows.span(1, 2, content=content, parent_span_id=parent)
        for content, parent in ((5, 50), (3, 30), (4, 40))
    ]
    for order in (spans, spans[::-1]):
        assert read_parents(rows.make_batch(order).spans) == {(1, 1, 2): (1, 1, 30)}


def test_a_send_says_what_it_or_an_ancestor_carries_a_delivery_also_what_is_below() -> None:
    spans = [
        rows.span(1, number, parent_span_id=parent)
        for number, parent in ((1, None), (2, 1), (3, 2), (4, 1))
    ]
    batch = rows.make_batch(
        spans,
        correlation=[rows.correlated(spans[2], "A"), rows.correlated(spans[3], "W", "workflow.id")],
    )
    two = ids(2)[0]
    view = read_views(batch, "order.id", {(1, 1): [two]})[(1, 1)]
    assert [view.governor(span) for span in ids(1, 2, 3, 4)] == [None, two, two, None]
    assert [view.said_by_send(span) for span in ids(1, 2, 3)] == [set(), set(), {"A"}]
    assert view.said_by_delivery(two) == {"A"}
    assert view.said == {"A"}
