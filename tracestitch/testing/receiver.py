"""Where processes under test send their spans: ports that stay open for the whole run, and
whose spans go to the test that runs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tracestitch.testing.inbox import Inbox

if TYPE_CHECKING:
    from tracestitch.testing.ports import Ports

SCHEDULE_DELAY_MILLISECONDS = 100


class Receiver:
    """Close it at the end. Ports open when they are first asked for."""

    def __init__(self) -> None:
        self._ports: Ports | None = None
        self._inbox: Inbox | None = None
        self._since = 0
        self.received = self.left_out = 0
        """Requests during this test, and spans in them that ended before it."""

    @property
    def endpoint(self) -> str:
        """Of OTLP over gRPC, such as http://127.0.0.1:43210."""
        return f"http://{self._opened().grpc}"

    @property
    def http_endpoint(self) -> str:
        """Of OTLP over HTTP; exporters add /v1/traces."""
        return f"http://{self._opened().http}"

    @property
    def is_open(self) -> bool:
        return self._ports is not None

    def environment(self, service_name: str | None = None, *, http: bool = False) -> dict[str, str]:
        """Variables for a process under test, so that its SDK exports here, soon. They beat
        what the caller's environment says about exporting; propagators are left alone."""
        endpoint = self.http_endpoint if http else self.endpoint
        protocol = "http/protobuf" if http else "grpc"
        variables = {
            "OTEL_SDK_DISABLED": "false",
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_TRACES_SAMPLER": "parentbased_always_on",
            "OTEL_BSP_SCHEDULE_DELAY": str(SCHEDULE_DELAY_MILLISECONDS),
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_EXPORTER_OTLP_INSECURE": "true",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{endpoint}/v1/traces" if http else endpoint,
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": protocol,
            "OTEL_EXPORTER_OTLP_TRACES_INSECURE": "true",
        }
        return (
            variables if service_name is None else variables | {"OTEL_SERVICE_NAME": service_name}
        )

    @contextmanager
    def going_to(self, inbox: Inbox) -> Iterator[None]:
        """What comes meanwhile and ended meanwhile."""
        self._since = time.time_ns()
        self._inbox, self.received, self.left_out = inbox, 0, 0
        try:
            yield
        finally:
            self._inbox = None

    def close(self) -> None:
        if self._ports is not None:
            self._ports.close()

    def _opened(self) -> "Ports":
        from tracestitch.testing.ports import Ports

        if self._ports is None:
            self._ports = Ports(self._take)
        return self._ports

    def _take(self, request: bytes) -> None:
        """Raises UndecodableRequest."""
        from tracestitch.testing.received import keep_ended_since

        inbox = self._inbox
        kept, left_out = keep_ended_since(request, self._since)
        if inbox is not None:
            self.received += 1
            self.left_out += left_out
            inbox.put(kept)
