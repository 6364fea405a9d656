"""Spans, traces and journeys as the JSON API shows them (web/shapes.py has the rest)."""

from typing import Literal, TypedDict

from web.shapes import Attributes, Connection, CorrelationId, JourneyNote, Note, Orphan, SpanRef

JourneyStatus = Literal["ok", "error", "waiting", "dead-letter"]
Outcome = Literal["ok", "error", "dead-letter"]
How = Literal["first", "redelivery", "retry", "dead-letter", "redrive"]


class Scope(TypedDict):
    name: str
    version: str
    attributes: Attributes
    schema_url: str


class Link(TypedDict):
    trace_id: str
    span_id: str
    trace_state: str | None
    flags: int
    attributes: Attributes
    dropped_attributes_count: int


class Event(TypedDict):
    name: str
    time_unix_nano: int
    attributes: Attributes
    dropped_attributes_count: int


class Span(TypedDict):
    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    service_name: str | None
    service_namespace: str | None
    service_version: str | None
    environment: str | None
    kind: Literal["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]
    start_time_unix_nano: int
    end_time_unix_nano: int
    duration_nano: int
    status: Literal["UNSET", "OK", "ERROR"]
    status_message: str | None
    trace_state: str | None
    flags: int
    attributes: Attributes
    links: list[Link]
    events: list[Event]
    resource: Attributes  # the resource's attributes
    scope: Scope
    dropped_attributes_count: int
    dropped_links_count: int
    dropped_events_count: int
    notes: list[Note]


class Trace(TypedDict):
    trace_id: str
    spans: list[Span]
    connections: list[Connection]  # either end in this trace
    orphans: list[Orphan]
    correlation: list[CorrelationId]
    notes: list[JourneyNote]


class TraceAnswer(TypedDict):
    trace: Trace


class TraceRoot(TypedDict):
    span_name: str
    service_name: str | None


class TraceSummary(TypedDict):
    trace_id: str
    root: TraceRoot  # the earliest span without a parent in the store
    services: list[str]
    span_count: int
    error_count: int
    start_time_unix_nano: int
    end_time_unix_nano: int
    duration_nano: int
    correlation: list[CorrelationId]


class JourneySummary(TypedDict):
    """What the traces that carry a value come to; their journey may hold more."""

    key: str
    value: str
    other_ids: list[CorrelationId]  # that the same traces carry
    trace_ids: list[str]
    complete: bool  # false where so many carry it that only those found are told
    services: list[str]
    span_count: int
    error_count: int
    orphans: int  # roots that nobody expects
    dead_letters: int  # deliveries from a dead-letter destination
    start_time_unix_nano: int
    end_time_unix_nano: int
    duration_nano: int


class Traces(TypedDict):
    traces: list[TraceSummary]
    next_cursor: str | None


class JourneysAndTraces(Traces):
    journeys: list[JourneySummary]
    searched_back_to: int | None  # older spans come with the next page; null without one


# ------------------------------------------------------------------------- journeys


class Attempt(TypedDict):
    """One delivery of a message that was delivered more than once or died."""

    message: str  # its id, else that of the span that sent it
    destination: str | None
    attempt: int  # counted over the whole chain
    trace_id: str
    span_id: str
    outcome: Outcome
    how: How  # this attempt came about
    gap_nano: int | None  # since the end of the attempt before; null for the first
    chain: int  # attempts at one message have the same number
    ended_by: Outcome  # of the chain's last attempt


class NotSeen(TypedDict):
    """A step that the messages of a send usually get to, and this one's did not."""

    step: str  # "stock.process in warehouse-service"
    usual_share: float  # of the last sends of this kind
    usual_wait_nano: int  # half of them waited no longer; 0 where no wait is known
    usual_wait_p95_nano: int | None
    examples: int  # sends that the share is of
    state: Literal["waiting", "lost", "dead"]
    destination: str | None  # where the step reads
    consumer_group: str | None
    sent_by: SpanRef


class Journey(TypedDict):
    key: str | None  # null for a journey asked by trace id
    value: str | None
    trace_ids: list[str]
    start_time_unix_nano: int
    end_time_unix_nano: int
    status: JourneyStatus
    notes: list[JourneyNote]
    related: list[CorrelationId]
    spans: list[Span]  # by start, trace id, span id
    connections: list[Connection]  # both ends among the spans
    orphans: list[Orphan]
    attempts: list[Attempt]
    not_seen: list[NotSeen]


class JourneyAnswer(TypedDict):
    journey: Journey
