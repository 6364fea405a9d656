"""What the JSON API says of destinations (docs/api.md). Times and waits in ns."""

from typing import Literal, TypedDict


class Figures(TypedDict):
    count: int
    connected: int  # by parent or link
    stitched: int
    wait_p50_nano: int | None  # of first attempts
    wait_p95_nano: int | None
    wait_p99_nano: int | None
    redeliveries: int
    dead_letters: int


class PlaceName(TypedDict):
    system: str | None
    destination: str | None
    scope: str | None


class DestinationSummary(PlaceName, Figures):
    producers: list[str]
    consumers: list[str]
    first_seen: int | None  # null where nothing was handed over
    last_seen: int | None
    per_second: float  # over the asked time, else from the first to the last; a minute at least


# `from` and `to` as keys
TimePart = TypedDict("TimePart", {"from": int, "to": int})


class TimedFigures(TimePart, Figures):
    pass


class Client(TypedDict):
    """Spans of one service, version and library that sent there or took from there."""

    role: Literal["send", "process"]
    service_name: str | None
    service_namespace: str | None
    environment: str | None
    service_version: str | None
    library: str | None  # the instrumentation scope
    library_version: str | None
    consumer_group: str | None
    count: int
    error_count: int
    propagated: int  # deliveries that continue a context by parent or link
    last_seen: int


class StuckMessage(TypedDict):
    """Sent and received by nobody that is known, although later ones were."""

    trace_id: str
    span_id: str
    service_name: str | None
    span_name: str
    sent_at: int
    waiting_nano: int  # since then, to the newest span stored


class DestinationDetail(DestinationSummary):
    times: list[TimedFigures]
    clients: list[Client]
    stuck: list[StuckMessage]  # the one that has waited longest first
    stuck_count: int
