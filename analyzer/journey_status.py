"""How a journey stands: what the last attempts at its messages say, and what waits.

Only the last attempt counts: a failed one that was repeated with success is ok, also
after a retry topic or a redrive from a dead-letter queue (analyzer/attempt_chains.py).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Literal

from analyzer.attempt_chains import Chain, Outcome
from analyzer.journey_units import Unit, span_of
from storage.results import Row

JourneyStatus = Literal["ok", "error", "waiting", "dead-letter"]

# Of the deliveries from a destination so many must connect before a message without
# one is said to wait: where hand-overs are broken it may long be processed.
_CONNECTED_SHARE = 0.9
# And so many for each of the other sends: with fewer, spans tell nothing of most deliveries.
_SEEN_SHARE = 0.5


def judge_status(units: Iterable[Unit], chains: Iterable[Chain], *, waiting: bool) -> JourneyStatus:
    """`waiting`: a message was sent that somebody who should has not received yet."""
    # the last of what tries the same thing: top-most spans by name, chains by their first
    last: dict[object, tuple[int, Outcome]] = {}
    for unit in units:
        if unit.top:
            last[unit.same] = (unit.start, "error" if unit.failed else "ok")
    for chain in chains:
        key, end = chain[0].unit.same, chain[-1]
        start, outcome = last.get(key, (end.unit.start, end.outcome))
        last[key] = max((end.unit.start, end.outcome), (start, outcome))
    outcomes = {outcome for _, outcome in last.values()}
    if "dead-letter" in outcomes:
        return "dead-letter"
    if "error" in outcomes:
        return "error"
    return "waiting" if waiting else "ok"


def open_sends(
    endpoints: Collection[Row], connections: Iterable[Row], units: Iterable[Unit]
) -> list[Row]:
    """Sends (ENDPOINTS) that did not fail, that no drawn connection names, and whose
    destination no delivery of the journey without a producer may have read."""
    named = {span_of(row, "producer_") for row in connections}
    alone = [unit for unit in units if unit.same[0] == "alone"]
    read = {unit.destination for unit in alone}
    return [
        row
        for row in endpoints
        if row["role"] == "send"
        and not row["error"]
        and row["destination"] is not None
        and span_of(row) not in named
        and row["destination"] not in read
        and None not in read
    ]


def is_waiting(sends: Collection[Row], traffic: Iterable[Row]) -> bool:
    """Whether somebody reads, elsewhere and with connections, what one of these sends
    wrote. `traffic` are rows of `SpanStore.traffic`."""
    counts: dict[tuple[object, ...], list[int]] = defaultdict(lambda: [0, 0])
    sent: dict[tuple[object, ...], int] = defaultdict(int)
    for row in traffic:
        if row["role"] == "process":
            counts[_place(row)][row["connected"]] += row["count"]
        else:
            sent[_place(row)] += row["count"]
    for row in sends:
        sent[_place(row)] -= 1
    return any(
        connected >= max(1, _CONNECTED_SHARE * (connected + broken), _SEEN_SHARE * sent[place])
        for place in map(_place, sends)
        for broken, connected in [counts[place]]
    )


def _place(row: Row) -> tuple[object, ...]:
    return (row["environment"], row["service_namespace"], row["system"], row["destination"])
