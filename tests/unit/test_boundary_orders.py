"""The spans that the analysis is measured with, and the answers that stand beside them."""

import polars as pl
from polars.testing import assert_frame_equal

from benchmarks.boundary_answers import fill_answers
from benchmarks.boundary_batches import BoundaryBatches
from benchmarks.boundary_orders import HOPS, make_spans
from storage.contract import ConnectionQuery, Page, SpanStore
from storage.engines import open_store
from tracestitch.analysis import AnalysisLoop

_ENDS = ["producer_trace_lo", "producer_span_id", "consumer_trace_lo", "consumer_span_id"]


def _connections(store: SpanStore) -> pl.DataFrame:
    found = store.connections(ConnectionQuery(), Page(limit=10_000)).table
    return pl.DataFrame(found).select(*_ENDS, "relation").sort(_ENDS)


def test_the_answers_that_are_filled_in_are_those_of_a_pass() -> None:
    filled, analysed = open_store("memory:"), open_store("memory:")
    batches = BoundaryBatches()
    # the second halves of the first orders come with the second batch
    for spans in (8_000, 4_000):
        batch = batches.next(spans)
        generation = filled.append(batch, 1).generation
        fill_answers(filled, batches.concerned, generation)
        analysed.append(batch, 1)
    loop = AnalysisLoop(analysed)
    while loop.run_once():
        pass
    found = _connections(analysed)
    assert found["relation"].n_unique() == 3
    assert_frame_equal(found, _connections(filled))


def test_an_order_has_the_same_spans_whatever_it_is_made_with() -> None:
    many = make_spans(0, 100, range(HOPS)).filter(pl.col("order") == 70)
    assert_frame_equal(many, make_spans(70, 71, range(HOPS)))
