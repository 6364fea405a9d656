"""Metrics and logs: understood, counted, dropped, and said so.

A Collector that sends all three signals here loses nothing of its traces by it, tries
nothing again, and tells its operator: each answer is a success that rejects every data
point or log record (partial_success). A plain success would promise what is not kept; an
error would be a line and a failed batch in the sender's log every few seconds.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from collector.wire_count import Fields, count_messages

_LOG_SECONDS = 60.0

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Signal:
    """One of OTLP's signals that is not kept."""

    name: str
    item: str
    """What its requests hold, such as "log records"."""
    path: str
    service: str
    request: Descriptor
    response: type[Any]
    rejected: str
    """The field of its partial_success."""
    items: Fields
    """Where its items stand in a request."""


METRICS = Signal(
    name="metrics",
    item="data points",
    path="/v1/metrics",
    service="opentelemetry.proto.collector.metrics.v1.MetricsService",
    request=ExportMetricsServiceRequest.DESCRIPTOR,
    response=ExportMetricsServiceResponse,
    rejected="rejected_data_points",
    # resource_metrics, scope_metrics, metrics; gauge, sum, histogram, exponential_histogram,
    # summary; data_points
    items={1: {2: {2: {number: {1: None} for number in (5, 7, 9, 10, 11)}}}},
)
LOGS = Signal(
    name="logs",
    item="log records",
    path="/v1/logs",
    service="opentelemetry.proto.collector.logs.v1.LogsService",
    request=ExportLogsServiceRequest.DESCRIPTOR,
    response=ExportLogsServiceResponse,
    rejected="rejected_log_records",
    items={1: {2: {2: None}}},  # resource_logs, scope_logs, log_records
)
OTHER_SIGNALS = (METRICS, LOGS)


class DroppedSignals:
    """Answers requests of other signals. Belongs to one event loop; `counters` to any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._dropped = {signal.name: 0 for signal in OTHER_SIGNALS}
        self._silent_until: dict[str, float] = {}

    async def answer(self, signal: Signal, payload: bytes) -> bytes:
        """The encoded response to an encoded request. Raises UndecodableRequest."""
        count = await asyncio.to_thread(count_messages, payload, signal.items)
        response = signal.response()
        if count:
            self._dropped[signal.name] += count
            self._tell_operator(signal)
            setattr(response.partial_success, signal.rejected, count)
            response.partial_success.error_message = (
                f"This server keeps traces only; {signal.name} are dropped."
            )
        encoded: bytes = response.SerializeToString()
        return encoded

    def counters(self) -> Mapping[str, float]:
        """By name, growing since the start."""
        return {
            f"otlp_dropped_{signal.item.replace(' ', '_')}": self._dropped[signal.name]
            for signal in OTHER_SIGNALS
        }

    def _tell_operator(self, signal: Signal) -> None:
        """A line each minute at most."""
        now = self._clock()
        if now >= self._silent_until.get(signal.name, now):
            self._silent_until[signal.name] = now + _LOG_SECONDS
            _logger.warning(
                "%s arrive, which this server does not keep: %s %s dropped so far; "
                "send it traces only.",
                signal.name.capitalize(),
                f"{self._dropped[signal.name]:,}",
                signal.item,
            )
