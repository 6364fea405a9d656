"""Who stands above whom among spans, whatever the parents say."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.ancestry import NOBODY, climb, nearest, read_ancestry
from tests.contract import rows


def test_the_nearest_marked_row_is_the_row_itself_or_an_ancestor() -> None:
    above = [NOBODY, 0, 1, 2, NOBODY]
    assert nearest(range(5), above, {0, 2}) == {0: 0, 1: 0, 2: 2, 3: 2, 4: NOBODY}


def test_nobody_stands_above_rows_whose_parents_run_in_a_circle() -> None:
    above = [1, 0, 0, 3]
    assert set(nearest(range(4), above, set()).values()) == {NOBODY}
    assert nearest(range(4), above, {1}) == {0: 1, 1: 1, 2: 1, 3: NOBODY}


def test_the_way_up_ends_at_the_top_or_in_a_circle() -> None:
    above = [NOBODY, 0, 1, 4, 3, 4, 6]
    tops = climb(np.array(above)).tolist()
    assert tops[:3] == [0, 0, 0]
    assert {tops[3], tops[4]} == {3, 4}
    assert tops[5] in (3, 4)
    assert tops[6] == 6


def test_what_was_found_before_is_not_looked_for_again() -> None:
    known = {1: 0}
    assert nearest([2], [NOBODY, NOBODY, 1], set(), known)[2] == 0


def test_of_spans_with_the_same_ids_the_smallest_content_hash_counts() -> None:
    spans = [
        rows.span(1, 2, content=content, parent_span_id=parent)
        for content, parent in ((5, 50), (3, 30), (4, 40))
    ]
    for order in (spans, spans[::-1]):
        stored = rows.make_batch(order).spans
        ancestry = read_ancestry(stored)
        assert stored["parent_span_id"].take(ancestry.places).to_pylist() == [30]
        assert list(ancestry.above) == [NOBODY]
        assert ancestry.rows.tolist() == [0, 0, 0]


def test_a_span_without_a_parent_names_none() -> None:
    spans = [rows.span(1, 7, parent_span_id=9), rows.span(1, 3), rows.span(1, 5, parent_span_id=3)]
    ancestry = read_ancestry(rows.make_batch(spans).spans)
    assert ancestry.named.tolist() == [False, True, True]
    assert list(ancestry.above) == [NOBODY, 0, NOBODY]


def test_parents_are_looked_for_in_the_same_trace_alone() -> None:
    spans = [rows.span(1, 1), rows.span(2, 5, parent_span_id=1), rows.span(1, 5, parent_span_id=1)]
    ancestry = read_ancestry(rows.make_batch(spans).spans)
    assert list(ancestry.above) == [NOBODY, 0, NOBODY]
    assert ancestry.traces == {(1, 1): (0, 2), (1, 2): (2, 3)}
    assert ancestry.row((1, 2, 1)) is None
    assert ancestry.row((9, 9, 1)) is None


def test_no_spans_have_no_ancestry() -> None:
    assert len(read_ancestry(rows.make_batch([]).spans)) == 0


@given(st.sets(st.tuples(st.integers(1, 3), st.integers(1, 2**60)), max_size=9))
def test_every_span_is_found_by_its_ids(ids: set[tuple[int, int]]) -> None:
    batch = rows.make_batch([rows.span(trace, span) for trace, span in ids])
    ancestry = read_ancestry(batch.spans)
    found = [ancestry.row((1, trace, span)) for trace, span in sorted(ids)]
    assert found == list(range(len(ids)))
