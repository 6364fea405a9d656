"""Which values the spans of a trace say, and whose work they are."""

from analyzer.ancestry import SpanId, read_ancestry
from analyzer.journey_traces import read_views
from tests.contract import rows


def ids(*numbers: int) -> list[SpanId]:
    return [(1, 1, number) for number in numbers]


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
    view = read_views(batch, read_ancestry(batch.spans), "order.id", {(1, 1): [two]})[(1, 1)]
    assert [view.governor(span) for span in ids(1, 2, 3, 4)] == [None, two, two, None]
    assert [view.said_by_send(span) for span in ids(1, 2, 3)] == [set(), set(), {"A"}]
    assert view.said_by_delivery(two) == {"A"}
    assert view.said == {"A"}
