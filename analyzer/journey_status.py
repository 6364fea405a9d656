"""How a journey stands: what the last attempts at its messages say, and what waits.

Only the last attempt counts: a failed one that was repeated with success is ok, also
after a retry topic or a redrive from a dead-letter queue (analyzer/attempt_chains.py).
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Literal

from analyzer.attempt_chains import Chain, Outcome
from analyzer.journey_units import Unit, span_of
from storage.handover_reads import Channel
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


def channels_of(sends: Iterable[Row]) -> Counter[Channel]:
    """Where these sends (ENDPOINTS) went, and how many of them."""
    return Counter(
        Channel(row["environment"], row["service_namespace"], row["system"], row["destination"])
        for row in sends
    )


def is_read(traffic: Iterable[Row], own: int) -> bool:
    """Whether somebody reads, elsewhere and with connections, what is sent to a channel.
    `traffic` are rows of `SpanStore.traffic`, of which `own` sends are left out."""
    deliveries = connected = sent = 0
    for row in traffic:
        if row["role"] == "process":
            deliveries, connected = row["count"], row["connected"]
        else:
            sent += row["count"]
    least = max(1, _CONNECTED_SHARE * deliveries, _SEEN_SHARE * (sent - own))
    return bool(connected >= least)
