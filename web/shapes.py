"""The objects of the JSON API, which the pages render too.

Ids are lowercase hex (32 and 16 digits), times and waits integer nanoseconds.
docs/api.md describes them for users; keys are a promise, add but never rename.
"""

from typing import Any, Literal, TypedDict

Relation = Literal["parent", "link", "stitch"]
JourneyStatus = Literal["ok", "error", "waiting", "dead-letter"]
Outcome = Literal["ok", "error", "dead-letter"]

# Attributes as natural JSON; integers beyond 2^53 and non-finite numbers are strings.
Attributes = dict[str, Any]


class Note(TypedDict):
    """A remark on odd data or a hand-over; `fix` only where there is one."""

    code: str
    title: str
    fix: str | None


class SpanRef(TypedDict):
    trace_id: str
    span_id: str


class JourneyNote(Note):
    """A note with the span it is about, null when it is about the whole."""

    trace_id: str | None
    span_id: str | None


class CorrelationId(TypedDict):
    key: str
    value: str


# ----------------------------------------------------------------------- hand-overs


class End(TypedDict):
    trace_id: str
    span_id: str
    service_name: str | None
    service_namespace: str | None
    environment: str | None
    span_name: str


class Evidence(TypedDict):
    field: str
    producer: str | None
    consumer: str | None


class Connection(TypedDict):
    producer: End
    consumer: End
    relation: Relation
    rule: str
    confidence: float
    evidence: list[Evidence]  # never empty
    system: str | None
    destination: str | None
    scope: str | None
    consumer_group: str | None
    wait_nano: int | None  # negative when the clocks or the spans overlap
    attempt: int | None
    dead_letter: bool
    notes: list[Note]


class Connections(TypedDict):
    connections: list[Connection]
    next_cursor: str | None


# --------------------------------------------------------------------- orphan roots


class Cause(TypedDict):
    code: str
    title: str
    confidence: float
    fix: str


class OtherCause(TypedDict):
    code: str
    confidence: float


class Finding(TypedDict):
    field: str
    value: Any
    meaning: str


class Orphan(TypedDict):
    trace_id: str
    span_id: str
    service_name: str | None
    service_namespace: str | None
    environment: str | None
    span_name: str
    start_time_unix_nano: int
    system: str | None
    destination: str | None
    scope: str | None
    consumer_group: str | None
    settled: bool
    expected: bool
    cause: Cause
    other_causes: list[OtherCause]
    evidence: list[Finding]
    producer: SpanRef | None  # null when no stitch found one


class Orphans(TypedDict):
    orphans: list[Orphan]
    next_cursor: str | None


class Identity(TypedDict):
    """What a group of orphan roots and an edge of the flow map have in common."""

    environment: str | None
    service_namespace: str | None  # of the consumer
    producer_service: str | None
    system: str | None
    destination: str | None
    scope: str | None
    consumer_service: str | None
    consumer_group: str | None


class Group(Identity):
    cause: Cause
    count: int
    settled_count: int
    connected: int  # hand-overs of the same kind that did connect by parent or link
    first_seen: int
    last_seen: int
    since_version: str | None
    expected: bool
    example: SpanRef  # the newest
    evidence: list[Finding]  # of the newest
    fix: str


class Groups(TypedDict):
    groups: list[Group]
    next_cursor: str | None


class Relations(TypedDict):
    parent: int
    link: int
    stitch: int


class Edge(Identity):
    count: int
    connected: int  # by parent or link
    relations: Relations
    wait_p50_nano: int | None
    wait_p95_nano: int | None
    wait_p99_nano: int | None
    redeliveries: int
    dead_letters: int
    first_seen: int
    last_seen: int


class Edges(TypedDict):
    edges: list[Edge]
    next_cursor: str | None


# ---------------------------------------------------------------------------- spans


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


class Traces(TypedDict):
    traces: list[TraceSummary]
    next_cursor: str | None


# ------------------------------------------------------------------------- journeys


class Attempt(TypedDict):
    """One delivery of a message that was delivered more than once or died."""

    message: str  # its id, else that of the span that sent it
    destination: str | None
    attempt: int
    trace_id: str
    span_id: str
    outcome: Outcome


class NotSeen(TypedDict):
    step: str
    usual_share: float
    usual_wait_nano: int


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


# ---------------------------------------------------------------------------- state


class Status(TypedDict):
    version: str
    store: str
    decoder: str
    spans: int
    traces: int
    pending_spans: int
    oldest_unix_nano: int | None
    newest_unix_nano: int | None
    generation: int
    analysed_generation: int
    grace_nano: int
    otlp_grpc_address: str


class CorrelationValues(TypedDict):
    key: str
    values: list[str]  # the one on the newest span first


class Services(TypedDict):
    services: list[str]


class Problem(TypedDict):
    message: str
    parameter: str | None


class ErrorAnswer(TypedDict):
    error: Problem
