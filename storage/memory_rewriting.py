"""Reading and writing whole generations in the frames of the reference engine: pure
functions."""

import polars as pl

from storage import memory_deletion, memory_read, results
from storage.memory_frames import (
    DICTIONARIES,
    PART,
    TRACE,
    Frames,
    arrow,
    distinct,
    newest_of,
    read,
)
from storage.rewriting import StoredSpans
from storage.schema import BATCH_SCHEMAS, SpanBatch

_DERIVED = ("messaging", "shapes", "correlation", "keys")


def stored_spans(frames: Frames, after: int, limit: int) -> StoredSpans:
    later = frames["spans"].filter(pl.col("generation") > after)
    upto = newest_of(pl.DataFrame(memory_deletion.oldest_generations(later, limit)))
    spans = later.filter(pl.col("generation") <= upto).sort("generation", maintain_order=True)
    found = memory_read.spans_of(frames, distinct(spans, TRACE).select(TRACE), bare=False)
    kept = {name: read(getattr(found, name)) for name in BATCH_SCHEMAS} | {"spans": spans}
    for name in ("links", "events"):
        kept[name] = kept[name].join(spans, on=PART, how="semi")
    for name in _DERIVED:
        kept[name] = kept[name].clear()
    batch = SpanBatch(**{name: arrow(kept[name], rows) for name, rows in BATCH_SCHEMAS.items()})
    return StoredSpans(batch, arrow(spans, results.STORED), results.KEY_GENERATIONS.empty_table())


def restore(frames: Frames, stored: StoredSpans) -> Frames:
    given = {name: read(getattr(stored.batch, name)) for name in BATCH_SCHEMAS}
    added = {name: given[name] for name in ("links", "events", "messaging")}
    added["spans"] = given["spans"].hstack(read(stored.stored))
    added["keys"] = given["keys"].hstack(read(stored.key_generations))
    for name, key in DICTIONARIES.items():
        added[name] = distinct(given[name], key).join(frames[name], on=key, how="anti")
    return frames | {name: pl.concat([frames[name], rows]) for name, rows in added.items()}
