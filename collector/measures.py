"""What the ingest pipeline counts and times, as plain data for /metrics.

Names are stable; units are spans, requests, bytes and seconds. Any thread may count, any
thread may read.
"""

import threading
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from collector.rates import RecentRate

# Upper bounds in seconds. Senders give up after five to ten seconds.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

COUNTERS: Mapping[str, str] = {
    "requests": "Requests that reached the intake.",
    "request_bytes": "Their bytes, uncompressed.",
    "spans_accepted": "Spans acknowledged, or to be acknowledged once they are stored.",
    "spans_rejected": "Spans left out of a request (partial success).",
    "spans_stored": "Spans stored that were not there before.",
    "spans_duplicate": "Spans dropped because the store held them already.",
    "spans_conflicting": "Spans stored although their ids were there with other content.",
    "requests_recovered": "Requests found in the request log at the start.",
    "requests_unstorable": "Acknowledged requests the store has a fault with, set aside.",
    "commits": "Batches stored.",
    "store_failures": "Attempts to store a batch that failed.",
    "log_failures": "Attempts to write the request log that failed.",
}
GAUGES: Mapping[str, str] = {
    "queue_bytes": "Bytes of requests that wait for an acknowledgement.",
    "queue_requests": "Requests that wait for an acknowledgement.",
    "waiting_spans": "Spans taken in and not in the store yet.",
    "waiting_bytes": "About the memory they take.",
    "log_bytes": "Bytes of the request log on disk.",
}
HISTOGRAMS: Mapping[str, str] = {
    "commit_seconds": "From handing a batch to the store until it was durable.",
    "log_seconds": "Writing a group of requests to the log and syncing it.",
    "acknowledge_seconds": "From the arrival of a request to its answer.",
}
# Why a request was refused: the keys of Reading.refused.
REFUSALS: Mapping[str, str] = {
    "undecodable": "It is no OTLP trace request, or its compression is broken.",
    "overloaded": "The queue or what waits for the store is full.",
    "stopping": "The server is shutting down.",
    "store": "The store or the request log cannot be written.",
    "fault": "The server failed on it.",
}


@dataclass(frozen=True, slots=True)
class Histogram:
    bounds: tuple[float, ...]
    """Upper bounds of the buckets, inclusive; one more bucket follows without a bound."""
    counts: tuple[int, ...]
    """Observations in each bucket, not cumulated; one more than bounds."""
    total: float
    """Sum of all observations."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The state at one moment. Every name of the tables above is there."""

    counters: Mapping[str, int]
    refused: Mapping[str, int]
    gauges: Mapping[str, int]
    histograms: Mapping[str, Histogram]
    accepted_per_second: float = 0.0
    """Spans, in the last seconds."""


@dataclass(slots=True)
class _Times:
    counts: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    total: float = 0.0


class Measures:
    """Counters and histograms under one lock; gauges are read where they stand."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters = dict.fromkeys(COUNTERS, 0)
        self._refused = dict.fromkeys(REFUSALS, 0)
        self._times = {name: _Times() for name in HISTOGRAMS}
        self._accepted = RecentRate()

    def count(self, **amounts: int) -> None:
        """Adds to counters, by name."""
        with self._lock:
            for name, amount in amounts.items():
                self._counters[name] += amount
            if accepted := amounts.get("spans_accepted"):
                self._accepted.add(accepted)

    def refuse(self, reason: str) -> None:
        with self._lock:
            self._refused[reason] += 1

    def observe(self, name: str, *seconds: float) -> None:
        with self._lock:
            times = self._times[name]
            for value in seconds:
                times.counts[bisect_left(SECONDS, value)] += 1
                times.total += value

    def read(self, **gauges: int) -> Reading:
        """The gauges not given are 0."""
        with self._lock:
            return Reading(
                counters=dict(self._counters),
                refused=dict(self._refused),
                gauges=dict.fromkeys(GAUGES, 0) | gauges,
                histograms={
                    name: Histogram(SECONDS, tuple(times.counts), times.total)
                    for name, times in self._times.items()
                },
                accepted_per_second=self._accepted.per_second(),
            )
