"""The fixture's object: the spans of one test, stitched, and assertions about them.

Assertions wait: spans of other threads and processes arrive when they arrive. An assertion
returns as soon as it holds, and raises AssertionError when it does not at the end of its
timeout. Nothing heavy is imported before the first of them.
"""

import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tracestitch.testing.durations import Duration, read_nano, read_seconds
from tracestitch.testing.sources import Sources
from tracestitch.testing.waiting import await_claim

if TYPE_CHECKING:
    from tracestitch.testing.answers import Answers
    from tracestitch.testing.claims import Claim, Failure
    from tracestitch.testing.seen import Seen, Told


class Stitched:
    def __init__(
        self,
        sources: Sources,
        *,
        timeout: Duration,
        correlation_keys: Sequence[str] = (),
    ) -> None:
        """Raises ValueError for a wrong timeout."""
        self.timeout = read_seconds(timeout)
        self._sources = sources
        self._correlation_keys = tuple(correlation_keys)
        self._answers: Answers | None = None
        self._looking = threading.Lock()
        self._taken = 0

    # ------------------------------------------------------------ where spans come from

    def watch(self, provider: object) -> None:
        """See the spans of this tracer provider, too; the global one is seen anyway. Raises
        TypeError for one that is not the SDK's."""
        self._sources.watch(provider)

    @property
    def endpoint(self) -> str:
        """Where processes under test send OTLP over gRPC to, such as http://127.0.0.1:43210."""
        return self._sources.of_others.endpoint

    @property
    def http_endpoint(self) -> str:
        """The same for OTLP over HTTP; exporters add /v1/traces."""
        return self._sources.of_others.http_endpoint

    def environment(self, service_name: str | None = None, *, http: bool = False) -> dict[str, str]:
        """Variables for a process under test, so that its SDK exports to this test, soon."""
        return self._sources.of_others.environment(service_name, http=http)

    def add(self, recorded: bytes | str | Path) -> None:
        """Recorded spans: an encoded ExportTraceServiceRequest, or a file in one of the formats
        of `tracestitch load`. Raises ValueError for what cannot be read."""
        from tracestitch.testing.received import read_recorded

        for request in read_recorded(recorded):
            self._sources.inbox.put(request)

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
        from tracestitch.testing.arrivals import PROPAGATED, Asked
        from tracestitch.testing.handover_claims import Propagated

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
        from tracestitch.testing.arrivals import Asked
        from tracestitch.testing.handover_claims import WithinWait

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
        for spans of the names in `after` first; without any span at all it fails. Raises
        ValueError for a code that does not exist."""
        __tracebackhide__ = True
        from tracestitch.testing.orphan_claim import NoOrphans

        self._await(NoOrphans(_codes(allow), strict, _texts(after)), timeout, absence=True)

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
        in `through`, which must be in it. Raises ValueError for a code that does not exist."""
        __tracebackhide__ = True
        from tracestitch.testing.journey_claim import OneJourney

        claim = OneJourney(key, str(value), _texts(through), _codes(allow))
        self._await(claim, timeout, absence=True)

    # ------------------------------------------------------------------------ inside

    def close(self) -> None:
        if self._answers is not None:
            self._answers.close()

    def _look(self) -> "Seen":
        from tracestitch.testing.answers import Answers

        with self._looking:  # a test may assert in several threads
            self._sources.watch_global()
            if self._answers is None:
                self._answers = Answers(self._correlation_keys)
            new = self._sources.inbox.read(self._taken)
            self._taken += len(new)
            return self._answers.take(new)

    def _await(self, claim: "Claim", timeout: Duration | None, *, absence: bool = False) -> None:
        """Raises AssertionError. The claim of an absence is believed only when other
        processes have been quiet for a moment, where there are any."""
        __tracebackhide__ = True
        self._look()  # the first look imports the analyzer, which is no waiting
        failure, waited = await_claim(
            lambda: claim(self._look()) or (self._find_silence() if absence else None),
            lambda until: self._sources.inbox.wait_for_more(self._taken, until),
            self.timeout if timeout is None else read_seconds(timeout),
            self._sources.inbox.read_quiet_since
            if absence and self._sources.come_from_others
            else None,
        )
        if failure is not None:
            raise AssertionError(self._tell(failure, waited))

    def _find_silence(self) -> "Failure | None":
        """Processes under test from which nothing came prove nothing."""
        from tracestitch.testing.claims import Failure

        if self._sources.others_are_silent:
            return Failure("Nothing arrived from the processes under test")
        return None

    def _tell(self, failure: "Failure", waited: float) -> str:
        from tracestitch.testing.failure_text import Circumstances, tell_failure

        seen = self._look()
        journeys = () if self._answers is None else self._answers.find_journeys(failure.at)
        circumstances = Circumstances(
            waited, self._sources.tell(), self._sources.begun(), self._sources.inbox.flaws
        )
        return tell_failure(failure, seen, journeys, circumstances)


def _texts(given: Collection[str]) -> tuple[str, ...]:
    """One text is meant as a list of itself."""
    return (given,) if isinstance(given, str) else tuple(given)


def _codes(allow: Collection[str]) -> tuple[str, ...]:
    """Raises ValueError: a code that is misspelt would allow nothing, and nobody would see."""
    from tracestitch.check.settings import parse_code

    codes = []
    for text in _texts(allow):
        try:
            codes.append(parse_code(text))
        except ValueError as error:
            raise ValueError(f'allow: "{text}": {error}') from None
    return tuple(codes)
