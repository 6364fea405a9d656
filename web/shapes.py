"""The objects of the JSON API, which the pages render too.

Ids are lowercase hex (32 and 16 digits), times and waits integer nanoseconds.
docs/api.md describes them for users; keys are a promise, add but never rename.
"""

from typing import Any, Literal, TypedDict

from analyzer.breakages import State, Versioned

Relation = Literal["parent", "link", "stitch"]

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


class EdgeNote(Note):
    """A remark on an edge: on `count` of the newest `sends` of its kind, or, where that is
    null, of all its hand-overs; `example` is the newest."""

    count: int
    sends: int | None
    example: "SpanRef"


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
    # the consumer's clock minus the producer's, beside a negative wait that proves it;
    # only in journeys and traces
    clock_offset_nano: int | None
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
    page: str  # the address of the page that explains it


class OtherCause(TypedDict):
    code: str
    title: str
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
    is_send: bool  # that lost the work it belongs to
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


# A part of time, from `from` on and before `to`, and what started in it.
TrendBucket = TypedDict("TrendBucket", {"from": int, "to": int, "broken": int, "connected": int})


class Group(Identity):
    cause: Cause
    # Sends that lost the work they belong to, of the service that is named as both ends.
    is_send: bool
    state: State
    count: int
    settled_count: int
    # Roots of other causes at the same edge: with `count` and `connected` its deliveries.
    other_causes_count: int
    # Consumers of the same kind that did connect by parent or link: all of them, and those
    # that began before the first broken one, between, and after the last.
    connected: int
    connected_before: int
    connected_between: int
    connected_after: int
    first_seen: int
    last_seen: int
    first_bad: int
    # Both only where the version of the first broken root had connected nothing before, and
    # another had.
    since_version: str | None
    good_version: str | None
    version_of: Versioned | None
    healed_since: int | None  # the first that connected after the last broken one
    # Of a broken one the last hand-over, where spans of others go on for an hour more.
    silent_since: int | None
    always: bool  # nothing of the kind connected up to the last broken one
    trend: list[TrendBucket]
    expected: bool
    example: SpanRef  # the newest
    evidence: list[Finding]  # of the newest
    fix: str


class Summary(TypedDict):
    """Counts of edges, and of services whose producers are not instrumented."""

    broken: int
    silent: int  # of the broken, those of which no hand-over began since
    healed: int
    unsettled: int
    healthy: int | None  # null when filters leave out what is healthy
    not_instrumented: int


class Groups(TypedDict):
    groups: list[Group]
    summary: Summary
    next_cursor: str | None


class Relations(TypedDict):
    parent: int
    link: int
    stitch: int


class SentTo(TypedDict):
    system: str | None
    destination: str | None
    scope: str | None


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
    notes: list[EdgeNote]
    # where its messages were sent to, when some were sent elsewhere than they were taken from
    sent_to: list[SentTo]


class Edges(TypedDict):
    edges: list[Edge]
    notes_pending: bool  # the notes are not worked out yet, and left out
    next_cursor: str | None


# ---------------------------------------------------------------------------- state


class Analyzer(TypedDict):
    partition: str  # of the traces, such as 2/4
    analysed_generation: int  # up to which its own traces are answered
    running: bool


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
    rules_version: str
    needs_reanalyze: bool
    analyzers: list[Analyzer]


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
