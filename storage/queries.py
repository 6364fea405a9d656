"""What a store is asked and the pages it answers with: part of storage/contract.py."""

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Page:
    """A slice of an ordered list. `after` is the `next` of the previous answer."""

    limit: int = 100
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one page and the mark of the next, None at the end."""

    table: pa.Table
    next: str | None


@dataclass(frozen=True, slots=True)
class Found(Rows):
    back_to: int | None = None
    """Where there is a next page: what began before this instant (ns) comes with it."""


@dataclass(frozen=True, slots=True)
class ConnectionQuery:
    """All conditions must hold; None means any. Times bound the consumer's start,
    `start` inclusive, `end` exclusive, nanoseconds."""

    trace: tuple[int, int] | None = None  # either end
    service: str | None = None  # either end
    destination: str | None = None
    relation: str | None = None
    start: int | None = None
    end: int | None = None
    min_confidence: float = 0.8


@dataclass(frozen=True, slots=True)
class OrphanQuery:
    trace: tuple[int, int] | None = None
    cause: str | None = None
    service: str | None = None
    destination: str | None = None
    expected: bool | None = None
    settled: bool | None = None
    settled_before_unix_nano: int = 0
    """Roots stored before this instant are settled."""
    hidden: bool = False
    """With those that are hidden."""
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Buckets:
    """Equal parts of time: `count` of them, `size` nanoseconds each (1 and more), from
    `start` on. What lies outside is in none."""

    start: int = 0
    size: int = 1
    count: int = 0

    @property
    def end(self) -> int:
        return self.start + self.size * self.count


EVERY_ORPHAN = OrphanQuery()
NO_BUCKETS = Buckets()


Problem = Literal["error", "orphan", "dead-letter"]
SpanStatus = Literal["ok", "error", "unset"]


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """Traces with at least one span for which every condition holds."""

    attributes: tuple[tuple[str, str], ...] = ()
    """Keys and values as text: of a correlation key that spans carry or that is one by its
    name, else of any attribute of the span, its resource or its scope."""
    service: str | None = None
    name: str | None = None  # exact span name
    name_contains: str | None = None  # in small or capital letters
    status: SpanStatus | None = None
    problem: Problem | None = None
    """Of the whole trace: a span with status error, an orphan root that nobody expects, a
    message that was read from a dead-letter destination."""
    min_duration_nano: int | None = None
    max_duration_nano: int | None = None  # inclusive, as the least
    start: int | None = None  # the span starts in [start, end)
    end: int | None = None

    @property
    def status_code(self) -> int | None:
        """`status` as OTLP's number."""
        return None if self.status is None else ("unset", "ok", "error").index(self.status)


@dataclass(frozen=True, slots=True)
class EndpointQuery:
    """All conditions must hold; None means any."""

    role: Literal["send", "process"] | None = None
    environment: str | None = None
    service_namespace: str | None = None
    system: str | None = None
    destination: str | None = None
    service_name: str | None = None
    service_version: str | None = None
    span_name: str | None = None
    propagated: bool = False
    """Only deliveries whose relation is parent or link."""
    start: int | None = None  # the endpoint starts in [start, end)
    end: int | None = None
    unconnected: bool = False
    """Only endpoints that no connection of confidence 0.8 and above names."""
