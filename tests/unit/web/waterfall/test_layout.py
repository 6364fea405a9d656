"""Where rows and bars of the waterfall lie."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web_objects import MS, make_connection, make_orphan, make_span, picture_of
from web.shapes import Connection, Orphan
from web.trace_shapes import Span
from web.waterfall.axis_view import percent, view_minimap
from web.waterfall.folding import tops_of_traces
from web.waterfall.layout import Waterfall, lay_out
from web.waterfall.row_kinds import CandidateRow, CutRow, HandoverRow, SpanRow


def fall_of(
    spans: list[Span],
    connections: list[Connection],
    orphans: list[Orphan] | None = None,
    *,
    true_scale: bool = False,
) -> Waterfall:
    return lay_out(picture_of(spans, connections, orphans or []), true_scale=true_scale)


def outline(spans: list[Span], fall: Waterfall) -> list[str]:
    """One word a row: indented names, `>` for a hand-over, `!` for a cut,
    `?` for a candidate."""
    words = []
    for row in fall:
        what = {SpanRow: "", HandoverRow: ">", CutRow: "!", CandidateRow: "?"}[type(row)]
        name = spans[row.span]["name"] if isinstance(row, SpanRow) else what
        if isinstance(row, HandoverRow) and row.way != "drawn":
            name = f"> {row.way}"
        words.append("  " * row.depth + name)
    return words


def handovers(fall: Waterfall) -> list[HandoverRow]:
    return [row for row in fall if isinstance(row, HandoverRow)]


def test_children_stand_below_their_parent_by_start() -> None:
    spans = [
        make_span("late", parent="root", start=5),
        make_span("root", end=50),
        make_span("early", parent="root", start=1),
        make_span("inner", parent="early", start=2),
    ]
    assert outline(spans, fall_of(spans, [])) == ["root", "  early", "    inner", "  late"]


def test_a_consumer_in_another_trace_stands_below_its_hand_over() -> None:
    send, process = make_span("send", end=10), make_span("process", trace="t2", start=30)
    below = make_span("charge", trace="t2", parent="process", start=31)
    spans = [send, process, below]
    fall = fall_of(spans, [make_connection(send, process, relation="link")])
    assert outline(spans, fall) == ["send", "  >", "  process", "    charge"]
    assert fall.traces == ("t1", "t2")
    assert [row.trace for row in fall] == [0, 0, 1, 1]


def test_a_consumer_that_is_a_child_in_the_same_trace_is_drawn_once_behind_the_hand_over() -> None:
    send, process = make_span("send"), make_span("process", parent="send", start=30)
    spans = [send, process]
    assert outline(spans, fall_of(spans, [make_connection(send, process)])) == [
        "send",
        "  >",
        "  process",
    ]


def test_the_receive_span_over_a_lone_process_span_comes_along() -> None:
    send = make_span("send")
    receive = make_span("receive", trace="t2", start=20, service="pay")
    process = make_span("process", trace="t2", parent="receive", start=21, service="pay")
    spans = [send, receive, process]
    fall = fall_of(spans, [make_connection(send, process, relation="link")])
    assert outline(spans, fall) == ["send", "  >", "  receive", "    process"]


def test_process_spans_of_a_batch_stand_below_their_own_producers() -> None:
    sends = [make_span("a"), make_span("b", trace="t2", start=1)]
    receive = make_span("receive", trace="t3", start=20)
    parts = [make_span(f"p{n}", trace="t3", parent="receive", start=21 + n) for n in (0, 1)]
    spans = [*sends, receive, *parts]
    links = [
        make_connection(send, part, relation="link")
        for send, part in zip(sends, parts, strict=True)
    ]
    assert outline(spans, fall_of(spans, links)) == [
        *("a", "  >", "  p0", "b", "  >", "  p1", "receive"),
    ]


def test_a_second_producer_refers_to_the_consumer_that_is_drawn_already() -> None:
    first, second = make_span("first"), make_span("second", trace="t2", start=1)
    process = make_span("process", trace="t3", start=30)
    spans = [first, second, process]
    links = [make_connection(each, process, relation="link") for each in (second, first)]
    assert outline(spans, fall_of(spans, links)) == [
        *("first", "  >", "  process", "second", "  > elsewhere"),
    ]


def test_what_the_telemetry_tells_beats_what_is_inferred() -> None:
    guessed, told = make_span("guessed"), make_span("told", trace="t2", start=1)
    process = make_span("process", trace="t3", start=30)
    spans = [guessed, told, process]
    edges = [
        make_connection(guessed, process, relation="stitch", confidence=0.98),
        make_connection(told, process, relation="link"),
    ]
    assert outline(spans, fall_of(spans, edges)) == [
        *("guessed", "  > elsewhere", "told", "  >", "  process"),
    ]


def test_an_end_outside_of_the_spans_is_a_reference() -> None:
    send, process = make_span("send"), make_span("process", trace="t2", start=30)
    edge = [make_connection(send, process)]
    assert outline([send], fall_of([send], edge)) == ["send", "  > to outside"]
    assert outline([process], fall_of([process], edge)) == ["> from outside", "process"]


def test_an_orphan_root_without_a_producer_has_a_cut_above_it() -> None:
    lost = make_span("lost", start=10)
    fall = fall_of([lost], [], [make_orphan(lost)])
    assert outline([lost], fall) == ["!", "lost"]


def test_a_stitched_orphan_root_stays_marked_and_its_hand_over_is_cut() -> None:
    send, lost = make_span("send"), make_span("lost", trace="t2", start=30)
    edge = make_connection(send, lost, relation="stitch", confidence=0.98)
    fall = fall_of([send, lost], [edge], [make_orphan(lost)])
    assert outline([send, lost], fall) == ["send", "  >", "  lost"]
    assert handovers(fall)[0].cut
    last = fall[-1]
    assert isinstance(last, SpanRow)
    assert last.orphan == 0


def test_a_wait_lies_between_the_end_of_the_send_and_the_start_of_the_consumer() -> None:
    send, process = make_span("send", end=10), make_span("process", start=30, end=40)
    fall = fall_of([send, process], [make_connection(send, process)], true_scale=True)
    (row,) = handovers(fall)
    assert row.wait is not None
    assert (row.wait.left, row.wait.width) == pytest.approx((0.25, 0.5))
    assert (row.wait_nano, row.overlap, fall.queue_nano) == (20 * MS, False, 20 * MS)


def test_a_negative_wait_is_shown_and_not_corrected() -> None:
    send, process = make_span("send", end=30), make_span("process", start=10, end=40)
    fall = fall_of([send, process], [make_connection(send, process)], true_scale=True)
    (row,) = handovers(fall)
    assert row.wait is not None
    assert (row.wait.left, row.wait.width) == pytest.approx((0.25, 0.5))
    assert (row.wait_nano, row.overlap, fall.queue_nano) == (-20 * MS, True, 0)


def test_a_second_attempt_waits_from_the_end_of_the_first() -> None:
    send = make_span("send", end=10)
    first, second = make_span("one", start=20, end=30), make_span("two", start=70, end=80)
    dead = make_span("dead", start=95, service="dlq-worker")
    edges = [
        make_connection(send, first),
        make_connection(send, second, attempt=2),
        make_connection(send, dead, dead_letter=True, destination="orders-dlq"),
    ]
    fall = fall_of([send, first, second, dead], edges)
    assert [(row.again, row.wait_nano) for row in handovers(fall)] == [
        (False, 10 * MS),
        (True, 40 * MS),
        (True, 15 * MS),
    ]


def test_overlapping_waits_count_once() -> None:
    send = make_span("send", end=10)
    readers = [make_span(name, start=start) for name, start in (("a", 30), ("b", 40))]
    edges = [make_connection(send, reader, destination=reader["name"]) for reader in readers]
    assert fall_of([send, *readers], edges).queue_nano == 30 * MS


def test_a_span_that_ends_before_it_starts_has_no_width() -> None:
    spans = [make_span("odd", start=20, end=5), make_span("other", end=40)]
    bars = [row.bar for row in fall_of(spans, []) if isinstance(row, SpanRow)]
    assert min(bar.width for bar in bars) == 0


def test_a_long_chain_does_not_exhaust_the_stack() -> None:
    spans = [
        make_span(str(n), parent=str(n - 1) if n else None, start=n, end=10_000)
        for n in range(5_000)
    ]
    assert len(fall_of(spans, [])) == 5_000


ids = st.sampled_from([f"s{number}" for number in range(6)])
traces = st.sampled_from(["t1", "t2"])
some_spans = st.lists(
    st.builds(
        make_span,
        ids,
        trace=traces,
        parent=st.none() | ids,
        start=st.integers(0, 50),
        end=st.integers(0, 100),
    ),
    min_size=1,
    max_size=14,
)


@st.composite
def pictures(draw: st.DrawFn) -> tuple[list[Span], list[Connection]]:
    """Anything: circles, repeated ids, spans that produce for themselves."""
    spans = draw(some_spans)
    known = st.sampled_from([*spans, make_span("outside", trace="t9")])
    edges = draw(
        st.lists(
            st.builds(
                make_connection,
                known,
                known,
                relation=st.sampled_from(["parent", "link", "stitch"]),
                attempt=st.sampled_from([None, 1, 2]),
                dead_letter=st.booleans(),
            ),
            max_size=10,
        )
    )
    return spans, edges


@given(pictures(), st.booleans())
def test_every_span_is_drawn_once_and_within_the_lane(
    picture: tuple[list[Span], list[Connection]], true_scale: bool
) -> None:
    spans, edges = picture
    fall = fall_of(spans, edges, [make_orphan(spans[0])], true_scale=true_scale)
    drawn = [row for row in fall if isinstance(row, SpanRow)]
    assert sorted(row.span for row in drawn) == list(range(len(spans)))
    for row in drawn:
        assert 0 <= row.bar.left <= row.bar.left + row.bar.width <= 1 + 1e-9
    for above, below in pairwise(fall):
        assert below.depth <= above.depth + 1


@given(pictures())
def test_every_hand_over_of_the_spans_is_told_once(
    picture: tuple[list[Span], list[Connection]],
) -> None:
    spans, edges = picture
    known = {(span["trace_id"], span["span_id"]) for span in spans}
    touching = [
        number
        for number, edge in enumerate(edges)
        if known
        & {(edge[end]["trace_id"], edge[end]["span_id"]) for end in ("producer", "consumer")}
    ]
    told = [row.connection for row in handovers(fall_of(spans, edges))]
    assert sorted(told) == touching


def test_candidates_stand_between_the_cut_and_the_root_and_change_nothing_else() -> None:
    send, other = make_span("send", end=10), make_span("other", trace="t3", start=90, end=95)
    root = make_span("process", trace="t2", start=30, end=40)
    spans, orphans = [send, root, other], [make_orphan(root)]
    maybe = [make_connection(each, root, relation="stitch") for each in (send, other)]
    without = fall_of(spans, [], orphans)
    fall = lay_out(picture_of(spans, [], orphans, maybe))
    assert outline(spans, fall) == ["send", "!", "?", "?", "process", "other"]
    assert fall.scale == without.scale
    assert [row for row in fall if not isinstance(row, CandidateRow)] == list(without)
    assert list(fall.sizes) == [1] * 6


def test_a_root_whose_producer_is_drawn_shows_no_candidates() -> None:
    send, root = make_span("send", end=10), make_span("process", trace="t2", start=30)
    spans = [send, root]
    edges = [make_connection(send, root, relation="stitch")]
    fall = lay_out(picture_of(spans, edges, [make_orphan(root)], edges))
    assert outline(spans, fall) == ["send", "  >", "  process"]


@given(st.integers(1, 700), st.randoms(use_true_random=False))
def test_the_minimap_has_blocks_of_neighbouring_rows(count: int, random: Random) -> None:
    spans = [make_span("root", end=10)]
    for number in range(count - 1):
        start = random.randint(0, 8)
        status = "ERROR" if random.random() < 0.05 else "UNSET"
        end = start + random.randint(0, 2)
        spans.append(make_span(f"s{number}", parent="root", start=start, end=end, status=status))
    fall = fall_of(spans, [])
    step = -(-count // 300)
    blocks = view_minimap(fall, {"shop": 3})
    assert len(blocks) == -(-count // step)
    for number, block in enumerate(blocks):
        members = [spans[fall.span_of_row(row)] for row in range(count)[number * step :][:step]]
        left = fall.scale.place(min(span["start_time_unix_nano"] for span in members))
        right = fall.scale.place(max(span["end_time_unix_nano"] for span in members))
        assert (block.left, block.width) == (percent(left), percent(right - left))
        assert block.error == any(span["status"] == "ERROR" for span in members)
        assert block.top == round(42 * number * step / count, 2)


def test_the_minimap_passes_over_rows_that_are_no_spans() -> None:
    send, process = make_span("send", end=10), make_span("process", trace="t2", start=30)
    fall = fall_of([send, process], [make_connection(send, process, relation="link")])
    assert len(fall) == 3
    assert [block.top for block in view_minimap(fall, {})] == [0.0, 28.0]


def test_a_span_tops_its_trace_where_none_of_it_stands_above() -> None:
    send, process = make_span("send", end=10), make_span("process", trace="t2", start=30)
    below = make_span("charge", trace="t2", parent="process", start=31)
    spans = [send, process, below]
    fall = fall_of(spans, [make_connection(send, process, relation="link")])
    assert tops_of_traces(fall).tolist() == [True, True, False]
