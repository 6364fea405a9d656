"""What is stored of a journey or a trace, before it is made into objects.

The API makes objects of all its spans, a page only of those that it draws.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from analyzer.ancestry import Ancestry, SpanId, TraceId
from storage.results import Row
from storage.schema import BATCH_SCHEMAS, SpanBatch
from web.journeys.handover_notes import noted_connections
from web.journeys.notes import MOST_SPANS, about_all, find_notes, note_left_out
from web.journeys.spans import sort_spans, span_objects
from web.rows import orphan_object
from web.shapes import Connection, JourneyNote, Note, Orphan
from web.trace_shapes import Span

_ROW_BYTES = 400
_CONNECTION_BYTES = 2_500  # dictionaries; a few spans may have very many
_NOT_SHOWN = {
    name: BATCH_SCHEMAS[name].empty_table()
    for name in ("messaging", "shapes", "correlation", "keys")
}


@dataclass(frozen=True, slots=True)
class Stored:
    """`spans` are the rows of the batch to show, in order; connections are drawn ones,
    `candidates` those of orphan roots that are not sure enough, `roots_stored_at` when each
    orphan root was stored, `span_notes` remarks on single spans, `notes` those on the whole."""

    batch: SpanBatch
    spans: pa.Table
    connections: list[Connection]
    orphans: list[Orphan]
    roots_stored_at: Sequence[int]
    candidates: list[Connection]
    span_notes: Mapping[SpanId, list[Note]]
    notes: list[JourneyNote]

    def all_spans(self) -> list[Span]:
        return span_objects(self.batch, self.spans, self.span_notes)

    def spans_at(self, numbers: Sequence[int]) -> list[Span]:
        """Of some of the spans, by their number in the order; costs what they are."""
        chosen = self.spans.take(pa.array(numbers, pa.int64()))
        return span_objects(self.batch, chosen, self.span_notes)

    def orphans_now(self, settled_before_unix_nano: int) -> list[Orphan]:
        """Whether they are settled changes with time alone."""
        return [
            {**orphan, "settled": stored_at < settled_before_unix_nano}
            for orphan, stored_at in zip(self.orphans, self.roots_stored_at, strict=True)
        ]

    @property
    def nbytes(self) -> int:
        """Roughly what it takes to keep this: texts, and the lists beside them."""
        connections = len(self.connections) + len(self.candidates) + len(self.orphans)
        rows = _ROW_BYTES * self.spans.num_rows
        return self.batch.nbytes + rows + _CONNECTION_BYTES * connections


def gather(
    batch: SpanBatch,
    connections: Sequence[Row],
    roots: Sequence[Row],
    settled_before_unix_nano: int,
    candidates: list[Connection],
    lost: Container[TraceId],
    remarks: Mapping[SpanId, list[Note]] | None = None,
    notes: Sequence[JourneyNote] = (),
    *,
    most_handovers: int | None = None,
    ancestry: Ancestry | None = None,
) -> Stored:
    """`batch` are whole traces, but for those `lost`, of which spans were deleted;
    `connections` rows of CONNECTIONS, `roots` of ORPHAN_ROWS. At most MOST_SPANS are shown, the
    earliest; of `connections`, which are in order of time, the first `most_handovers`. `ancestry`
    as of `find_notes`."""
    spans = sort_spans(batch)
    shown = connections[:most_handovers]
    left_out = [
        note_left_out("spans", MOST_SPANS, spans.num_rows - MOST_SPANS),
        note_left_out("hand-overs", len(shown), len(connections) - len(shown)),
    ]
    span_notes = find_notes(batch, lost, ancestry)
    for span, more in (remarks or {}).items():
        span_notes[span] = span_notes.get(span, []) + more
    spans = spans.slice(0, MOST_SPANS).combine_chunks()
    return Stored(
        batch=replace(batch, spans=spans, **_NOT_SHOWN),  # kept for a while, so without the rest
        spans=spans,
        connections=noted_connections(batch, shown),
        orphans=[
            orphan_object(row, settled=row["stored_at_unix_nano"] < settled_before_unix_nano)
            for row in roots
        ],
        roots_stored_at=[row["stored_at_unix_nano"] for row in roots],
        candidates=candidates,
        span_notes=span_notes,
        notes=[*notes, *(about_all(note) for note in left_out if note is not None)],
    )
