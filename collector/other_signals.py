"""Metrics and logs: understood, counted, dropped, and said so.

A Collector that sends all three signals here loses nothing of its traces by it, tries
nothing again, and tells its operator: each answer is a success that rejects every data
point or log record (partial_success). A plain success would promise what is not kept; an
error would be a line and a failed batch in the sender's log every few seconds.
"""

import asyncio
import logging
from collections.abc import Mapping
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

from collector.admission import PATIENCE_SECONDS, ByteBudget
from collector.receiving import MAX_REQUEST_BYTES
from collector.wire_count import Fields, count_messages

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
    """Answers requests of other signals. Belongs to one event loop; `counts` to any thread."""

    def __init__(
        self, *, max_bytes: int = 2 * MAX_REQUEST_BYTES, patience: float = PATIENCE_SECONDS
    ) -> None:
        """`max_bytes` of requests may be under way to be counted; more waits up to
        `patience` seconds."""
        self._budget = ByteBudget(max_bytes, patience)
        self._counts = {signal.name: 0 for signal in OTHER_SIGNALS}

    async def answer(self, signal: Signal, payload: bytes) -> bytes:
        """The encoded response to an encoded request. Raises UndecodableRequest, Overloaded."""
        await self._budget.reserve(len(payload))
        try:
            count = await asyncio.to_thread(count_messages, payload, signal.items)
        finally:
            self._budget.release(len(payload))
        response = signal.response()
        if count:
            self._counts[signal.name] += count
            _logger.warning(
                f"{signal.name.capitalize()} arrive, and this server keeps traces only: "
                f"%s {signal.item} dropped so far; leave it out of the sender's {signal.name}.",
                f"{self._counts[signal.name]:,}",
            )
            setattr(response.partial_success, signal.rejected, count)
            response.partial_success.error_message = (
                f"This server keeps traces only; {signal.name} are dropped."
            )
        encoded: bytes = response.SerializeToString()
        return encoded

    @property
    def counts(self) -> Mapping[str, int]:
        """Items dropped since the start, by signal."""
        return dict(self._counts)
