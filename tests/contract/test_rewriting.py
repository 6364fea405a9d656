"""Whole generations go from one store into another, as they were."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from storage import results, schema
from storage.contract import SpanStore, StoredSpans
from tests.contract.conftest import NewStore
from tests.contract.rows import correlated, link, make_batch, message, part, span, traces

EVERY = 1_000_000


@pytest.fixture
def other(store: SpanStore, new_store: NewStore) -> Iterator[SpanStore]:
    """A second, empty store of the same engine."""
    with new_store(store.engine) as opened:
        yield opened


def fill(store: SpanStore) -> None:
    """Three generations; a trace is in two of them."""
    for number in (1, 2, 3):
        one, two = span(number, 1), span(2, number + 10)
        store.append(
            make_batch(
                [one, two],
                links=[link(one, 9)],
                events=[part(two, name="e")],
                messaging=[message(one, message_id=str(number))],
                correlation=[correlated(one, "A"), correlated(two, str(number))],
            ),
            100 * number,
        )


def with_derived(store: SpanStore, stored: StoredSpans) -> StoredSpans:
    """With what is left out: of the same store, read in another way."""
    whole = store.spans_of(stored.batch.spans.select(schema.TRACE_IDS.names))
    spans = pl.DataFrame(stored.batch.spans).hstack(pl.DataFrame(stored.stored))
    of = ["trace_hi", "trace_lo", "span_id", "content_hash"]
    messaging = pl.DataFrame(whole.messaging).join(spans, on=of, how="semi")
    keys = pl.DataFrame(whole.keys).join(
        spans.select("trace_hi", "trace_lo", "generation").unique(), on=["trace_hi", "trace_lo"]
    )
    derived = replace(
        stored.batch,
        messaging=messaging.to_arrow().cast(schema.MESSAGING),
        shapes=whole.shapes,
        correlation=whole.correlation,
        keys=keys.select(schema.KEYS.names).to_arrow().cast(schema.KEYS),
    )
    generations = keys.select("generation").to_arrow().cast(results.KEY_GENERATIONS)
    return replace(stored, batch=derived, key_generations=generations)


def rewrite(store: SpanStore, other: SpanStore, limit: int) -> int:
    after = parts = 0
    while (stored := store.stored_spans(after, limit)).stored.num_rows:
        other.restore(with_derived(store, stored))
        after, parts = stored.stored["generation"][-1].as_py(), parts + 1
    other.restore_losses(store.losses())
    return parts


def content(store: SpanStore) -> dict[str, Any]:
    batch = store.spans_of(traces(*range(1, 20)))
    return {
        "generations": store.oldest_generations(EVERY).to_pylist(),
        **{
            name: sorted(map(str, getattr(batch, name).to_pylist()))
            for name in schema.BATCH_SCHEMAS
        },
    }


@pytest.mark.parametrize("limit", [1, 3, EVERY])
def test_a_store_written_anew_holds_the_same(
    store: SpanStore, other: SpanStore, limit: int
) -> None:
    fill(store)
    assert rewrite(store, other, limit) == {1: 3, 3: 2, EVERY: 1}[limit]
    assert content(other) == content(store)
    assert other.status().pending_spans == store.status().pending_spans == 6
    assert other.recent_correlation("order.id", 9) == store.recent_correlation("order.id", 9)
    assert other.spans_with_correlation("order.id", "A").num_rows == 3


def test_what_comes_later_goes_on_from_there(store: SpanStore, other: SpanStore) -> None:
    fill(store)
    rewrite(store, other, EVERY)
    again = other.append(make_batch([span(1, 1), span(1, 2)]), 400)
    assert (again.generation, again.stored, again.duplicates) == (4, 1, 1)


def test_what_is_read_out_of_attributes_is_left_out(store: SpanStore) -> None:
    fill(store)
    stored = store.stored_spans(1, 1)
    assert stored.stored.to_pylist() == [{"generation": 2, "stored_at_unix_nano": 200}] * 2
    assert stored.batch.links.num_rows == stored.batch.events.num_rows == 1
    for name in ("messaging", "shapes", "correlation", "keys"):
        assert getattr(stored.batch, name).num_rows == 0


def test_behind_the_last_generation_there_is_nothing(store: SpanStore) -> None:
    assert store.stored_spans(0, EVERY).stored.num_rows == 0
    fill(store)
    assert store.stored_spans(3, EVERY).batch.spans.num_rows == 0


def test_deleting_and_losses_go_on_as_in_the_first_store(
    store: SpanStore, other: SpanStore
) -> None:
    fill(store)
    store.delete_until(1, traces(1, 2))
    rewrite(store, other, EVERY)
    assert other.losses_of(traces(1, 2)).to_pylist() == store.losses_of(traces(1, 2)).to_pylist()
    assert other.losses().num_rows == 1
    for each in (store, other):
        assert each.delete_until(2, pa.Table.from_pylist([], schema.TRACE_IDS)).spans == 2
    # `with_derived` gives the keys of trace 2 to both of its generations
    first, second = ({**content(each), "keys": None} for each in (store, other))
    assert first == second
