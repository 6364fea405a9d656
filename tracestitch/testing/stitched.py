"""The fixture's object: the spans of one test, stitched, and assertions about them.

Assertions wait: spans of other threads and processes arrive when they arrive. An assertion
returns as soon as it holds, and raises AssertionError when it does not at the end of its
timeout. Nothing heavy is imported before the first of them.
"""

import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tracestitch.testing.durations import Duration, read_nano, read_seconds
from tracestitch.testing.inbox import Inbox
from tracestitch.testing.receiver import Receiver

if TYPE_CHECKING:
    from tracestitch.testing.answers import Answers
    from tracestitch.testing.claims import Claim, Failure
    from tracestitch.testing.process_spans import ProcessSpans
    from tracestitch.testing.seen import Seen, Told

WITHOUT_SDK = (
    "Spans of this process cannot be seen without opentelemetry-sdk and"
    ' opentelemetry-exporter-otlp-proto-common; install "tracestitch[pytest]".'
)
# How long nothing has to arrive from other processes before an absence is believed: five
# times the delay that `environment` gives their exporters.
QUIET_SECONDS = 0.5


class Stitched:
    def __init__(
        self,
        receiver: Receiver,
        process: "ProcessSpans | None",
        *,
        timeout: Duration,
        correlation_keys: Sequence[str] = (),
    ) -> None:
        """`process` is None without opentelemetry-sdk."""
        self.timeout = read_seconds(timeout)
        self._receiver, self._process = receiver, process
        self._correlation_keys = tuple(correlation_keys)
        self.inbox = Inbox()
        self._waits_for_others = False
        self._answers: Answers | None = None
        self._looking = threading.Lock()
        self._taken = 0

    # ------------------------------------------------------------ where spans come from

    def watch(self, provider: object) -> None:
        """See the spans of this tracer provider, too; the global one is seen anyway. Raises
        TypeError for one that is not the SDK's."""
        if self._process is None:
            raise TypeError(WITHOUT_SDK)
        self._process.watch(provider)

    @property
    def endpoint(self) -> str:
        """Where processes under test send OTLP over gRPC to, such as http://127.0.0.1:43210."""
        self._waits_for_others = True
        return self._receiver.endpoint

    @property
    def http_endpoint(self) -> str:
        """The same for OTLP over HTTP; exporters add /v1/traces."""
        self._waits_for_others = True
        return self._receiver.http_endpoint

    def environment(self, service_name: str | None = None, *, http: bool = False) -> dict[str, str]:
        """Variables for a process under test, so that its SDK exports to this test, soon."""
        self._waits_for_others = True
        return self._receiver.environment(service_name, http=http)

    def add(self, recorded: bytes | str | Path) -> None:
        """Recorded spans: an encoded ExportTraceServiceRequest, or a file in one of the formats
        of `tracestitch load`. Raises ValueError for what cannot be read."""
        from tracestitch.testing.received import read_recorded

        for request in read_recorded(recorded):
            self.inbox.put(request)

    # ------------------------------------------------------------------- what was seen

    @property
    def spans(self) -> "Sequence[Told]":
        """What has arrived by now, as the JSON API tells spans; nothing is waited for."""
        return self._look().spans

    @property
    def connections(self) -> "Sequence[Told]":
        """Hand-overs of messages among them."""
        return self._look().connections

    @property
    def orphans(self) -> "Sequence[Told]":
        """Orphan roots among them, with cause and fix."""
        return self._look().orphans

    def journey(self, key: str, value: object) -> "Told | None":
        """The journey of what carries this, such as ("order.id", 123); None when nothing does."""
        return self._look().find_journey(key, str(value))

    # ---------------------------------------------------------------------- assertions

    def wait_for(self, *names: str, timeout: Duration | None = None) -> None:
        """Returns when spans of all these names have ended and arrived; a name given twice
        must be there twice."""
        __tracebackhide__ = True
        from tracestitch.testing.claims import find_missing

        self._await(lambda seen: find_missing(seen, names), timeout)

    def assert_propagated(
        self,
        producer: str | None = None,
        consumer: str | None = None,
        *,
        producer_service: str | None = None,
        consumer_service: str | None = None,
        destination: str | None = None,
        relation: str | None = None,
        trace_id: str | int | None = None,
        count: int = 1,
        timeout: Duration | None = None,
    ) -> None:
        """Each consumer that is meant continues (parent) or links the context of a producer
        that is meant, and there are at least `count`. `producer` and `consumer` are span names,
        of the spans at the ends or of those that the test's own code puts around them. With
        `trace_id` one of them must come from this trace, whose first span may be the test's own
        invention: then leave out the producer."""
        __tracebackhide__ = True
        from tracestitch.testing.claims import Propagated
        from tracestitch.testing.hops import PROPAGATED, Asked

        if relation not in (None, *PROPAGATED):
            raise ValueError('a relation is "parent" or "link"')
        asked = Asked(producer, consumer, producer_service, consumer_service, destination)
        known = f"{trace_id:032x}" if isinstance(trace_id, int) else trace_id
        claim = Propagated(asked, relation, known and known.lower(), count)
        self._await(claim, timeout)

    def assert_max_wait(
        self,
        producer: str | None = None,
        consumer: str | None = None,
        most: Duration = "1s",
        *,
        producer_service: str | None = None,
        consumer_service: str | None = None,
        destination: str | None = None,
        count: int = 1,
        timeout: Duration | None = None,
    ) -> None:
        """No message waited longer between the end of its send and the start of its
        processing, and there are at least `count`."""
        __tracebackhide__ = True
        from tracestitch.testing.claims import WithinWait
        from tracestitch.testing.hops import Asked

        asked = Asked(producer, consumer, producer_service, consumer_service, destination)
        self._await(WithinWait(asked, read_nano(most), count), timeout)

    def assert_no_orphans(
        self,
        *,
        allow: Collection[str] = (),
        strict: bool = False,
        after: Sequence[str] = (),
        timeout: Duration | None = None,
    ) -> None:
        """No orphan root, but of causes in `allow` and, unless `strict`, expected ones. Waits
        for spans of the names in `after` first; without any span at all it fails."""
        __tracebackhide__ = True
        from tracestitch.testing.claims import NoOrphans

        self._await(NoOrphans(_texts(allow), strict, _texts(after)), timeout, absence=True)

    def assert_one_journey(
        self,
        key: str,
        value: object,
        *,
        through: Sequence[str] = (),
        allow: Collection[str] = (),
        timeout: Duration | None = None,
    ) -> None:
        """Everything that carries this id stands in one journey: hand-overs by parent or link
        join all of it, at least one is there, and no orphan root. Waits for spans of the names
        in `through`, which must be in it."""
        __tracebackhide__ = True
        from tracestitch.testing.journey_claim import OneJourney

        claim = OneJourney(key, str(value), _texts(through), _texts(allow))
        self._await(claim, timeout, absence=True)

    # ------------------------------------------------------------------------ inside

    def close(self) -> None:
        if self._answers is not None:
            self._answers.close()

    def _look(self) -> "Seen":
        from tracestitch.testing.answers import Answers

        with self._looking:  # a test may assert in several threads
            if self._process is not None:
                self._process.watch_global()
            if self._answers is None:
                self._answers = Answers(self._correlation_keys)
            new = self.inbox.read(self._taken)
            self._taken += len(new)
            return self._answers.take(new)

    def _await(self, claim: "Claim", timeout: Duration | None, *, absence: bool = False) -> None:
        """Raises AssertionError. The claim of an absence is believed only when other
        processes have been quiet for a moment, where there are any."""
        __tracebackhide__ = True
        seen = self._look()  # the first look imports the analyzer, which is no waiting
        began = time.monotonic()
        end = began + (self.timeout if timeout is None else read_seconds(timeout))
        believed = not (absence and self._receiver.is_open)
        over = False
        while True:
            failure = claim(seen) or (self._find_silence() if absence else None)
            if failure is None and (believed or over):
                return
            if failure is not None and over:
                self._fail(failure, seen, time.monotonic() - began)
            quiet_at = max(began, self.inbox.quiet_since) + QUIET_SECONDS
            until = end if failure is not None else min(quiet_at, end)
            # By what the waiting says: a test may have stopped the clock.
            more = self.inbox.wait_for_more(self._taken, until)
            believed = believed or not (more or failure is not None)
            over = (not more and until == end) or time.monotonic() >= end
            seen = self._look()

    def _find_silence(self) -> "Failure | None":
        """Processes under test from which nothing came prove nothing."""
        from tracestitch.testing.claims import Failure

        if self._waits_for_others and not self._receiver.received:
            return Failure("Nothing arrived from the processes under test")
        return None

    def _fail(self, failure: "Failure", seen: "Seen", waited: float) -> NoReturn:
        __tracebackhide__ = True
        from tracestitch.testing.failure_text import Circumstances, tell_failure

        circumstances = Circumstances(
            waited_seconds=waited,
            sources=self._tell_sources(),
            begun={} if self._process is None else self._process.begun(),
            flaws=self.inbox.flaws,
        )
        assert self._answers is not None  # noqa: S101 - something was looked at
        journeys = self._answers.find_journeys(failure.at)
        raise AssertionError(tell_failure(failure, seen, journeys, circumstances))

    def _tell_sources(self) -> str:
        told = [WITHOUT_SDK] if self._process is None else []
        if self._waits_for_others:
            n, late = self._receiver.received, self._receiver.left_out
            told.append(f"{n} requests arrived at the OTLP port.")
            if late:
                told.append(f"{late} spans in them ended before this test and are left out.")
        if not self._waits_for_others and self._process is not None:
            told.append(
                "Spans are seen that end in this process, through the global tracer provider and"
                " those given to `stitched.watch`; other processes need"
                " `stitched.environment()`."
            )
        return " ".join(told)


def _texts(given: Collection[str]) -> tuple[str, ...]:
    """One text is meant as a list of itself."""
    return (given,) if isinstance(given, str) else tuple(given)
