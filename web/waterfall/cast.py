"""The spans of a picture that a sentence may be about, made into objects one by one."""

from dataclasses import dataclass

from analyzer.ancestry import NOBODY
from web.journeys.stored import Stored
from web.trace_shapes import Span
from web.waterfall.picture import Picture


@dataclass(frozen=True, slots=True)
class Cast:
    stored: Stored
    picture: Picture

    def _span(self, number: int) -> Span:
        return self.stored.spans_at([number])[0]

    @property
    def first(self) -> Span:
        return self._span(0)

    @property
    def last(self) -> Span:
        return self._span(len(self.picture) - 1)

    @property
    def last_send(self) -> Span | None:
        sends = [number for number, sent in enumerate(self.picture.sends) if sent]
        return self._span(sends[-1]) if sends else None

    @property
    def last_failure(self) -> Span:
        """The latest that failed and below which none did; else the last span."""
        failed = [number for number, bad in enumerate(self.picture.failed) if bad]
        passed_on = {self.picture.parent[number] for number in failed} - {NOBODY}
        deepest = [number for number in failed if number not in passed_on]
        return self._span((deepest or failed or [len(self.picture) - 1])[-1])

    @property
    def services(self) -> int:
        return len(set(self.picture.service))

    def named(self, trace_id: str, span_id: str) -> Span | None:
        """The first with these ids."""
        wanted = int(span_id, 16)
        for number, given in enumerate(self.picture.span_ids):
            if given == wanted and self.picture.traces[self.picture.trace[number]] == trace_id:
                return self._span(number)
        return None
