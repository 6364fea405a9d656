"""Notes: remarks on odd data. Odd data is shown, never an error."""

from collections import defaultdict
from collections.abc import Container

import numpy as np
import polars as pl
import pyarrow as pa

from analyzer.ancestry import NOBODY, Ancestry, SpanId, TraceId, climb, read_ancestry
from storage.arrays import Mask, Numbers
from storage.schema import SpanBatch
from web.journeys.missing_parents import explain_missing
from web.rows import span_hex, trace_hex
from web.shapes import JourneyNote, Note

_IDS = ["trace_hi", "trace_lo", "span_id"]
_TIMES = ("start_time_unix_nano", "end_time_unix_nano")
# An answer holds at most so many spans; the latest are left out.
MOST_SPANS = 100_000


def note(code: str, title: str) -> Note:
    return {"code": code, "title": title, "fix": None}


def find_notes(
    batch: SpanBatch,
    lost: Container[TraceId] = frozenset(),
    ancestry: Ancestry | None = None,
) -> dict[SpanId, list[Note]]:
    """Notes on spans whose ids or times are odd; by span. `lost` are traces of which spans
    were deleted; `ancestry` is that of the spans where it is known already."""
    if ancestry is None:
        ancestry = read_ancestry(batch.spans)
    notes: dict[SpanId, list[Note]] = defaultdict(list)
    start, end = (batch.spans[name].to_numpy() for name in _TIMES)
    for span in _ids_of(batch.spans, np.flatnonzero(end < start)):
        notes[span].append(note("negative-duration", "The span ends before it starts."))
    for span in _find_repeated(batch.spans, ancestry):
        notes[span].append(
            note("duplicate", "Several spans with these ids and different content are stored.")
        )
    above = np.array(ancestry.above, np.int64)
    for span in _ids_of(batch.spans, ancestry.places[_find_circles(above)]):
        notes[span].append(note("parent-cycle", "The span is an ancestor of itself."))
    missing = _ids_of(batch.spans, ancestry.places[ancestry.named & (above == NOBODY)])
    for span, reason in explain_missing(batch, ancestry, missing, lost).items():
        notes[span].append(note("missing-parent", reason))
    return notes


def _ids_of(spans: pa.Table, places: Numbers) -> list[SpanId]:
    """Of the spans at these places, which mostly are none."""
    if not len(places):
        return []
    columns = (spans[name].to_numpy()[places].tolist() for name in _IDS)
    return list(zip(*columns, strict=True))


def _find_repeated(spans: pa.Table, ancestry: Ancestry) -> list[SpanId]:
    """What several of the spans are called. The ancestry has all ids once."""
    if len(ancestry) == spans.num_rows:
        return []
    counts = pl.DataFrame(spans.select(_IDS)).group_by(_IDS).len()
    return list(counts.filter(pl.col("len") > 1).select(_IDS).iter_rows())


def _find_circles(above: Numbers) -> Mask:
    """Which rows are ancestors of themselves."""
    ends = climb(above)
    inside = np.zeros(len(above), np.bool_)
    inside[ends[above[ends] != NOBODY]] = True
    return inside


def note_batch(inside: int, outside: int) -> Note:
    """A delivery of several messages, of which some are not part of what is shown."""
    messages = "message" if outside == 1 else "messages"
    if inside:
        return note("batch", f"and {outside} other {messages}")
    return note("batch", f"{outside} {messages} in one batch, whose producers are not followed")


def note_left_out(what: str, shown: int, left_out: int) -> Note | None:
    """None where nothing is."""
    if left_out <= 0:
        return None
    later = "later ones are" if left_out > 1 else "later one is"
    return note(
        "truncated", f"Only the first {shown:,} {what} are shown; {left_out:,} {later} left out."
    )


def note_unfinished(traces: int) -> Note:
    return note(
        "unfinished",
        f"The search ended at {traces:,} traces; what belongs to the journey beyond them "
        "is left out.",
    )


def about_all(remark: Note) -> JourneyNote:
    return {**remark, "trace_id": None, "span_id": None}


def about_span(remark: Note, span: SpanId) -> JourneyNote:
    return {**remark, "trace_id": trace_hex(*span[:2]), "span_id": span_hex(span[2])}
