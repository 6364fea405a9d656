"""The journey of a correlation id or a trace.

The rules are the analyzer's (analyzer/journeys.py, analyzer/journey_status.py); here
their findings become the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.ancestry import NOBODY, SpanId, TraceId
from analyzer.attempt_chains import chain_units
from analyzer.journey_status import JourneyStatus, judge_status
from analyzer.journey_units import find_units
from analyzer.journeys import Walk
from storage.contract import Page, SearchQuery, SpanStore
from storage.results import Row
from storage.schema import TRACE_IDS, SpanBatch
from web.answers import is_correlation_key
from web.errors import NotFoundError
from web.journeys.attempts import attempts_of
from web.journeys.candidates import stored_candidates
from web.journeys.not_seen import find_not_seen, is_waited_for
from web.journeys.notes import about_all, about_span, note_batch, note_unfinished
from web.journeys.stored import Stored, gather
from web.journeys.trace import LostTraces, carried_by, roots_of
from web.journeys.usual import Usual
from web.journeys.walking import AT_ONCE, Reached, Read, follow, read_ahead
from web.rows import span_id, trace_hex, trace_table
from web.shapes import CorrelationId
from web.trace_shapes import Attempt, JourneyAnswer, NotSeen

_MOST_SEEDS = 1_000  # traces found by scan
_MESSAGE_COLUMNS = [
    *("trace_hi", "trace_lo", "span_id", "part", "shape_id"),
    *("message_id", "kafka_partition", "kafka_offset"),
]

_SERVICE_COLUMNS = ["resource_id", "environment", "service_namespace", "service_name"]
_UNIT_COLUMNS = [
    *("trace_hi", "trace_lo", "span_id", "resource_id"),
    *("name", "start_time_unix_nano", "end_time_unix_nano", "status_code"),
]


@dataclass(frozen=True, slots=True)
class FoundJourney:
    """A journey but for its spans as objects; fields as of web/trace_shapes.py."""

    key: str | None
    value: str | None
    trace_ids: list[str]
    start_time_unix_nano: int
    end_time_unix_nano: int
    status: JourneyStatus
    related: list[CorrelationId]
    stored: Stored
    attempts: list[Attempt]
    not_seen: list[NotSeen]


def find_journey_of_attribute(
    store: SpanStore,
    key: str,
    value: str,
    settled_before_unix_nano: int,
    *,
    usual: Usual | None = None,
    most_handovers: int | None = None,
) -> FoundJourney:
    """The journey of the spans that carry the canonical `key` with this value.

    A key that is no correlation key is found by scan, in at most the 1,000 newest traces;
    its other values do not bound the journey. `usual` is what journeys before were compared
    with. Raises NotFoundError when nothing carries it.
    """
    if is_correlation_key(store, key):
        seeds, ahead = _carrying(store, key, value)
        walk = Walk(seeds, key, value)
    else:
        found = store.search(SearchQuery(attributes=((key, value),)), Page(_MOST_SEEDS))
        seeds, ahead = _trace_ids(found.table), None
        walk = Walk(seeds)
    if not seeds:
        raise NotFoundError("attribute", f"No stored span carries {key} = {value}.")
    reached = follow(store, walk, ahead)
    asked = (key, value)
    return _find(store, walk, reached, settled_before_unix_nano, asked, usual, most_handovers)


def find_journey_of_trace(
    store: SpanStore,
    trace: TraceId,
    settled_before_unix_nano: int,
    *,
    usual: Usual | None = None,
    most_handovers: int | None = None,
) -> FoundJourney:
    """The journey that a trace belongs to; `key` and `value` are None. Raises
    NotFoundError for a trace that is not stored."""
    walk = Walk([trace])
    reached, asked = follow(store, walk), (None, None)
    journey = _find(store, walk, reached, settled_before_unix_nano, asked, usual, most_handovers)
    if trace_hex(*trace) not in journey.trace_ids:
        raise NotFoundError("trace_id", f"No stored span belongs to trace {trace_hex(*trace)}.")
    return journey


def journey_of_attribute(
    store: SpanStore,
    key: str,
    value: str,
    settled_before_unix_nano: int,
    usual: Usual | None = None,
) -> JourneyAnswer:
    """As `find_journey_of_attribute`, with all spans."""
    found = find_journey_of_attribute(store, key, value, settled_before_unix_nano, usual=usual)
    return _answer(found)


def journey_of_trace(
    store: SpanStore, trace: TraceId, settled_before_unix_nano: int, usual: Usual | None = None
) -> JourneyAnswer:
    """As `find_journey_of_trace`, with all spans."""
    return _answer(find_journey_of_trace(store, trace, settled_before_unix_nano, usual=usual))


def _answer(journey: FoundJourney) -> JourneyAnswer:
    return {
        "journey": {
            "key": journey.key,
            "value": journey.value,
            "trace_ids": journey.trace_ids,
            "start_time_unix_nano": journey.start_time_unix_nano,
            "end_time_unix_nano": journey.end_time_unix_nano,
            "status": journey.status,
            "notes": journey.stored.notes,
            "related": journey.related,
            "spans": journey.stored.all_spans(),
            "connections": journey.stored.connections,
            "orphans": journey.stored.orphans,
            "attempts": journey.attempts,
            "not_seen": journey.not_seen,
        }
    }


def _carrying(store: SpanStore, key: str, value: str) -> tuple[list[TraceId], Read | None]:
    """The traces in which a span carries the correlation key with this value, and what was read
    of them to know, if so: the traces that may be it are read anyway."""
    seeds = _trace_ids(store.traces_with_correlation(key, value))
    if not seeds:
        return [], None
    if len(seeds) > AT_ONCE:
        return _trace_ids(store.spans_with_correlation(key, value)), None
    ahead = read_ahead(store, seeds)
    carrying = ahead.carrying(key, value)
    return carrying, ahead if carrying == seeds else None


def _trace_ids(table: pa.Table) -> list[TraceId]:
    high, low = (table[name].to_numpy().tolist() for name in TRACE_IDS.names)
    return sorted(set(zip(high, low, strict=True)))


def _find(
    store: SpanStore,
    walk: Walk,
    reached: Reached,
    settled_before_unix_nano: int,
    asked: tuple[str, str] | tuple[None, None],
    usual: Usual | None,
    most_handovers: int | None,
) -> FoundJourney:
    spans = reached.batch.spans
    stored = sorted(reached.ancestry.traces)
    traces = trace_table(stored)
    batches = {span: note_batch(*counts) for span, counts in sorted(walk.batches().items())}
    notes = [about_span(note, span) for span, note in batches.items()]
    if not reached.complete:
        notes.append(about_all(note_unfinished(len(stored))))
    inside = set(stored)
    drawn = [
        row
        for row in reached.connections
        if span_id(row, "producer_")[:2] in inside and span_id(row, "consumer_")[:2] in inside
    ]
    roots = roots_of(store, traces)
    status, attempts, not_seen = _judge(store, usual or Usual(), traces, reached, drawn, walk)
    return FoundJourney(
        key=asked[0],
        value=asked[1],
        trace_ids=[trace_hex(*trace) for trace in stored],
        start_time_unix_nano=pc.min(spans["start_time_unix_nano"]).as_py(),
        end_time_unix_nano=pc.max(spans["end_time_unix_nano"]).as_py(),
        status=status,
        related=_related(reached.batch, asked),
        stored=gather(
            reached.batch,
            drawn,
            roots,
            settled_before_unix_nano,
            stored_candidates(roots, reached.unsure),
            LostTraces(store, traces),
            {span: [note] for span, note in batches.items()},
            notes,
            most_handovers=most_handovers,
            ancestry=reached.ancestry,
        ),
        attempts=attempts,
        not_seen=not_seen,
    )


def _judge(
    store: SpanStore,
    usual: Usual,
    traces: pa.Table,
    reached: Reached,
    drawn: list[Row],
    walk: Walk,
) -> tuple[JourneyStatus, list[Attempt], list[NotSeen]]:
    endpoints = [
        row
        for row in store.endpoints_of(traces).to_pylist()
        if row["role"] != "send" or walk.owns_send(span_id(row))
    ]
    units = find_units(
        _plain_spans(reached, drawn),
        reached.ancestry,
        drawn,
        endpoints,
        _message_ids(reached.batch),
        walk.foreign_deliveries(),
    )
    chains = chain_units(units)
    # what was not followed to its end may have gone on
    not_seen = (
        find_not_seen(store, usual, endpoints, reached.connections, units)
        if reached.complete
        else []
    )
    status = judge_status(units, chains, waiting=False)
    if status == "ok" and is_waited_for(
        store, usual, endpoints, reached.connections, units, not_seen
    ):
        status = "waiting"
    return status, attempts_of(chains), not_seen


def _plain_spans(reached: Reached, drawn: Sequence[Row]) -> list[Row]:
    """Rows of the consumers and of spans whose parent is not among the spans, with `service`."""
    batch, ancestry = reached.batch, reached.ancestry
    services = {
        row["resource_id"]: (row["environment"], row["service_namespace"], row["service_name"])
        for row in batch.resources.select(_SERVICE_COLUMNS).to_pylist()
    }
    consumers = (ancestry.row(span_id(row, "consumer_")) for row in drawn)
    tops = (row for row, parent in enumerate(ancestry.above) if parent == NOBODY)
    chosen = {row for row in chain(consumers, tops) if row is not None}
    places = ancestry.places[sorted(chosen)]
    rows = batch.spans.select(_UNIT_COLUMNS).take(places).to_pylist()
    return [{**row, "service": services.get(row["resource_id"])} for row in rows]


def _message_ids(batch: SpanBatch) -> dict[SpanId, str]:
    """What tells a message from others, of the spans that say it."""
    shapes = (batch.shapes[name].to_pylist() for name in ("shape_id", "destination_name"))
    topics = dict(zip(*shapes, strict=True))
    found: dict[SpanId, str] = {}
    for row in batch.messaging.select(_MESSAGE_COLUMNS).to_pylist():
        if row["part"] == "span":
            if row["message_id"]:
                found[span_id(row)] = row["message_id"]
            elif row["kafka_offset"] is not None:
                partition = row["kafka_partition"]
                found[span_id(row)] = f"{topics[row['shape_id']]}.{partition}.{row['kafka_offset']}"
    return found


def _related(batch: SpanBatch, asked: tuple[str, str] | tuple[None, None]) -> list[CorrelationId]:
    return [
        {"key": key, "value": value} for key, value in carried_by(batch) if (key, value) != asked
    ]
