"""However requests are ordered, grouped and sent again, the same spans are stored."""

import asyncio
import tempfile
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.memory import MemoryStore
from storage.schema import TRACE_IDS
from tests.builders import batch, request, span
from tests.unit.collector.held_store import HeldStore, intake

# Few ids, so that spans meet again: with the same content, and with other content.
SPANS = st.builds(
    span,
    name=st.sampled_from(["work", "rest"]),
    trace=st.integers(1, 3),
    id=st.integers(1, 3),
    attributes=st.sampled_from([{}, {"order.id": "7"}]),
)
REQUESTS = st.lists(st.lists(SPANS, min_size=1, max_size=4), min_size=1, max_size=8)
ALL = pa.table({"trace_hi": [0] * 3, "trace_lo": [1, 2, 3]}, TRACE_IDS)


def stored(store: MemoryStore) -> list[tuple[int, int, int]]:
    spans = store.spans_of(ALL).spans
    names = ("trace_lo", "span_id", "content_hash")
    return sorted(zip(*(spans[name].to_pylist() for name in names), strict=True))


@settings(deadline=None, max_examples=40)
@given(requests=REQUESTS, with_log=st.booleans(), data=st.data())
def test_any_order_grouping_and_repetition_store_the_same_spans(
    requests: list[list[object]], with_log: bool, data: st.DataObject
) -> None:
    expected = MemoryStore()
    expected.append(batch(*(each for spans in requests for each in spans)), 1)  # type: ignore[arg-type] # what SPANS builds
    again = data.draw(st.lists(st.sampled_from(requests), max_size=4))
    order = data.draw(st.permutations([*requests, *again]))
    groups = data.draw(st.lists(st.integers(1, 4), min_size=len(order), max_size=len(order)))
    row_group = data.draw(st.integers(1, 6))

    async def send(log: Path | None) -> HeldStore:
        left = [request(*spans) for spans in order]  # type: ignore[arg-type] # as above
        async with intake(HeldStore(), log, patience=30) as held:
            for size in groups:
                together, left = left[:size], left[size:]
                await asyncio.gather(*(held.receiver.export(payload) for payload in together))
                if size == 1:
                    await held.receiver.flush()
        return held.store

    with tempfile.TemporaryDirectory() as name, patch("collector.intake.ROW_GROUP", row_group):
        store = asyncio.run(send(Path(name) if with_log else None))
        assert list(Path(name).iterdir()) == []

    assert stored(store) == stored(expected)
