"""What the web application knows about the process it runs in."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from storage.contract import SpanStore
from web.access.sessions import Sessions
from web.journeys.usual import Usual
from web.monitoring.measured import Measured


def _always_ready() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Site:
    """`app.state.site`; API and pages read their store and settings here."""

    store: SpanStore
    version: str = "0"
    decoder: str = "none"
    grace_nano: int = 60_000_000_000
    otlp_grpc_address: str = ""
    otlp_http_address: str = ""
    rules_version: str = ""
    """Which rules answers are made by."""
    read_otherwise: Callable[[], bool] = bool
    """Whether attributes of stored spans were read with other settings than this server's."""
    ready: Callable[[], None] = field(default=_always_ready)
    """Raises an exception with a sentence while a listener does not accept."""
    measured: Callable[[], Measured] = field(default=Measured)
    """What the server has counted, for /metrics."""
    waiting_spans: Callable[[], int] = int
    """Spans that are acknowledged and not in the store yet."""
    clock: Callable[[], int] = field(default=time.time_ns)
    usual: Usual = field(default_factory=Usual)
    """What journeys are compared with."""
    sessions: Sessions | None = None
    """Of browsers; None when no token is asked for."""

    @property
    def takes_in(self) -> bool:
        """Whether this process takes spans in. Where it does not, others of its store may."""
        return self.decoder != "none"

    def settled_before(self) -> int:
        """Orphan roots stored before this instant (ns) are settled."""
        return self.clock() - self.grace_nano
