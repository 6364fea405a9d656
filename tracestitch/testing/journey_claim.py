"""The claim that everything with one id stands in one journey. Pure.

A journey of the API holds every span that carries the id, joined or not. Here it is one if
propagated contexts join it: seen from any trace of it, all others are reached over hand-overs
by parent or link, or over other links between spans. What was stitched by evidence alone is a
break.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tracestitch.terminal import clean
from tracestitch.testing.arrivals import PROPAGATED
from tracestitch.testing.claims import Failure, count_lines, find_missing
from tracestitch.testing.orphan_claim import NoOrphans
from tracestitch.testing.seen import Seen, Told, ids_of
from web.words import say_plural, say_service


@dataclass(frozen=True)
class OneJourney:
    """There is a hand-over in it, spans of all names in `through`, no orphan root but the
    allowed ones, and one piece."""

    key: str
    value: str
    through: Sequence[str] = ()
    allow: Collection[str] = ()

    def __call__(self, seen: Seen) -> Failure | None:
        journey = seen.find_journey(self.key, self.value)
        name = clean(f"{self.key} = {self.value}")
        if journey is None:
            return find_missing(seen, ()) or Failure(f"No span carries {name}")
        held = Seen(journey["spans"], journey["connections"], journey["orphans"])
        first = [ids_of(journey["spans"][0])]
        if (missing := find_missing(held, self.through)) is not None:
            return Failure(
                f"The journey of {name}: {missing.sentence}", at=first, missing=missing.missing
            )
        allowed = NoOrphans(self.allow)
        broken = allowed(held)
        if broken is not None:
            return Failure(f"{name} is not one journey: {broken.sentence}", broken.lines, broken.at)
        if not held.connections:
            return Failure(f"The journey of {name} holds no hand-over of a message", at=first)
        quiet = {o["trace_id"] for o in held.orphans}
        pieces = _divide(held, [t for t in journey["trace_ids"] if t not in quiet])
        if len(pieces) > 1:
            return Failure(
                f"{name} is not one journey: no context joins its {len(pieces)} pieces",
                count_lines(_tell_piece(held, piece) for piece in pieces),
                at=first,
            )
        return None


def _divide(held: Seen, trace_ids: Iterable[str]) -> list[set[str]]:
    """Traces that contexts join are in one set."""
    pieces = [{trace_id} for trace_id in trace_ids]
    for pair in _joins(held):
        touched = [piece for piece in pieces if piece & pair]
        if len(touched) > 1:
            pieces = [piece for piece in pieces if not piece & pair] + [set().union(*touched)]
    return pieces


def _joins(held: Seen) -> Iterable[set[str]]:
    for connection in held.connections:
        if connection["relation"] in PROPAGATED:
            yield {connection["producer"]["trace_id"], connection["consumer"]["trace_id"]}
    for span in held.spans:
        for link in span["links"]:
            yield {span["trace_id"], link["trace_id"]}


def _tell_piece(held: Seen, piece: Collection[str]) -> str:
    spans: list[Told] = [span for span in held.spans if span["trace_id"] in piece]
    first = min(spans, key=lambda span: int(span["start_time_unix_nano"]), default=None)
    if first is None:
        return f"trace {min(piece)}"
    return (
        f"{clean(first['name'])} in {clean(say_service(first['service_name']))} and what follows:"
        f" {say_plural(len(spans), 'span')}, trace {first['trace_id']}"
    )
