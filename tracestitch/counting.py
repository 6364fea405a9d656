"""What the parts of the server have counted, gathered for /metrics."""

from starlette.types import ASGIApp as App

from collector.access import Gate
from collector.http_counting import CountedAnswers
from collector.other_signals import DroppedSignals
from collector.receiving import Receive, Receiver
from tracestitch.analysis import AnalysisLoop
from tracestitch.retention import RetentionLoop
from web.monitoring.measured import Measured, PassTimes, TransportCounts


class CountedReceive:
    """A Receive that counts. Belongs to one event loop; `counts` to any thread."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._requests = self._bytes = self._refused = 0

    async def __call__(self, payload: bytes) -> bytes:
        self._requests += 1
        self._bytes += len(payload)
        try:
            return await self._receive(payload)
        except Exception:
            self._refused += 1
            raise

    @property
    def counts(self) -> TransportCounts:
        return TransportCounts(self._requests, self._bytes, self._refused)


class Counting:
    """A Receive for each transport, and one look at everything that runs here."""

    def __init__(self, gate: Gate | None) -> None:
        self._gate = gate
        self.receiver: Receiver | None = None
        self.analysis: AnalysisLoop | None = None
        self.retention: RetentionLoop | None = None
        self.dropped = DroppedSignals()
        self._transports: dict[str, CountedReceive] = {}
        self._answers: CountedAnswers | None = None

    def count_requests(self, transport: str, receive: Receive) -> CountedReceive:
        self._transports[transport] = CountedReceive(receive)
        return self._transports[transport]

    def count_answers(self, app: App) -> App:
        """The application of the OTLP/HTTP listener, its answers counted."""
        self._answers = CountedAnswers(app)
        return self._answers

    def measure(self) -> Measured:
        """Waits for nobody. From any thread."""
        analysis = self.analysis
        return Measured(
            transports={name: receive.counts for name, receive in self._transports.items()},
            http_answers={} if self._answers is None else self._answers.counts,
            dropped=self.dropped.counts,
            pipeline=None if self.receiver is None else self.receiver.read_measures(),
            analysis=None
            if analysis is None
            else PassTimes(analysis.passes, analysis.pass_seconds, analysis.last_pass_seconds),
            deleted={} if self.retention is None else dict(self.retention.deleted),
            unauthenticated=None if self._gate is None else self._gate.refused,
        )
