"""Notes: remarks on odd data. Odd data is shown, never an error."""

from collections import defaultdict
from collections.abc import Collection

from analyzer.journey_traces import SpanId, TraceId, find_circles, read_parents
from storage.schema import SpanBatch
from web.missing_parents import explain_missing
from web.rows import span_hex, trace_hex
from web.shapes import JourneyNote, Note

# An answer holds at most so many spans; the latest are left out.
MOST_SPANS = 100_000


def note(code: str, title: str) -> Note:
    return {"code": code, "title": title, "fix": None}


def find_notes(
    batch: SpanBatch, lost: Collection[TraceId] = frozenset()
) -> dict[SpanId, list[Note]]:
    """Notes on spans whose ids or times are odd; by span. `lost` are traces of which spans
    were deleted."""
    parents = read_parents(batch.spans)
    circles = find_circles(parents)
    seen: set[SpanId] = set()
    twice: set[SpanId] = set()
    notes: dict[SpanId, list[Note]] = defaultdict(list)
    names = ("trace_hi", "trace_lo", "span_id", "start_time_unix_nano", "end_time_unix_nano")
    columns = (batch.spans[name].to_pylist() for name in names)
    for hi, lo, span_id, start, end in zip(*columns, strict=True):
        span = (hi, lo, span_id)
        if span in seen:
            twice.add(span)
        seen.add(span)
        if end < start:
            notes[span].append(note("negative-duration", "The span ends before it starts."))
    for span in twice:
        notes[span].append(
            note("duplicate", "Several spans with these ids and different content are stored.")
        )
    for span in parents.keys() & circles:
        notes[span].append(note("parent-cycle", "The span is an ancestor of itself."))
    headless = {
        span
        for span, parent in parents.items()
        if span not in circles and parent is not None and parent not in parents
    }
    for span, reason in explain_missing(batch, headless, lost).items():
        notes[span].append(note("missing-parent", reason))
    return notes


def note_batch(inside: int, outside: int) -> Note:
    """A delivery of several messages, of which some are not part of what is shown."""
    messages = "message" if outside == 1 else "messages"
    if inside:
        return note("batch", f"and {outside} other {messages}")
    return note("batch", f"{outside} {messages} in one batch, whose producers are not followed")


def note_left_out(count: int) -> Note:
    return note(
        "truncated",
        f"Only the first {MOST_SPANS:,} spans are shown; {count:,} later ones are left out.",
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
