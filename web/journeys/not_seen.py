"""The steps that a journey's messages usually get to and did not.

Bounded: at most MOST_KINDS kinds of sends, each judged by its newest sends.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable

from analyzer.ancestry import SpanId
from analyzer.journey_status import channels_of, is_read, open_sends
from analyzer.journey_units import Unit, span_of
from analyzer.usual_steps import State, Step, find_unexplained, kind_of, open_steps
from storage.contract import SpanStore
from storage.handover_reads import SendKind
from storage.results import Row
from web.journeys.usual import Usual
from web.rows import span_ref
from web.trace_shapes import NotSeen

MOST_KINDS = 20
_MOST_TOLD = 100


def find_not_seen(
    store: SpanStore,
    usual: Usual,
    endpoints: Collection[Row],
    connections: Collection[Row],
    units: Collection[Unit],
) -> list[NotSeen]:
    """`endpoints` of the journey's traces, the drawn `connections` that touch them, and
    its units. Only sends that belong to the journey may be among the endpoints."""
    sends: dict[SendKind, list[Row]] = defaultdict(list)
    for row in endpoints:
        if row["role"] == "send" and not row["error"] and row["destination"] is not None:
            sends[kind_of(row)].append(row)
    earliest = sorted(sends.values(), key=lambda rows: min(r["start_time_unix_nano"] for r in rows))
    kinds = earliest[:MOST_KINDS]
    own = {span_of(row) for row in endpoints}  # no examples of themselves
    examples = usual.examples(store, [kind_of(rows[0]) for rows in kinds])
    learned = [each.steps_without(own) for each in examples]
    by_send: dict[SpanId, list[Row]] = defaultdict(list)
    for row in connections:
        by_send[span_of(row, "producer_")].append(row)
    unexplained = find_unexplained(units)
    missed = [
        (step, state, send)
        for rows, steps in zip(kinds, learned, strict=True)
        for send in rows
        for step, state in open_steps(send, steps, by_send[span_of(send)], unexplained)
    ]
    if not missed:
        return []
    since = min(send["start_time_unix_nano"] for _, _, send in missed)
    unconnected = store.unconnected_services(since).to_pylist()
    return [
        _not_seen(step, state, send)
        for step, state, send in missed[:_MOST_TOLD]
        if not _may_be_elsewhere(unconnected, step, send)
    ]


def is_waited_for(
    store: SpanStore,
    usual: Usual,
    endpoints: Collection[Row],
    connections: Collection[Row],
    units: Collection[Unit],
    not_seen: Collection[NotSeen],
) -> bool:
    """Whether a message was sent that somebody who should has not received yet; given what
    `find_not_seen` was, and found."""
    if any(missed["state"] != "dead" for missed in not_seen):
        return True
    # what other hand-overs name may be outside the journey
    sends = channels_of(open_sends(endpoints, connections, units))
    return any(is_read(usual.traffic(store, channel), own) for channel, own in sends.items())


def _may_be_elsewhere(unconnected: Iterable[Row], step: Step, send: Row) -> bool:
    """Whether the step received something since that no producer is known of: it may be
    this message, so nothing is said of it. `unconnected` as of
    `SpanStore.unconnected_services`."""
    return any(
        row["last_start_unix_nano"] >= send["start_time_unix_nano"]
        and (row["environment"], row["service_namespace"], row["service_name"]) in step.services
        for row in unconnected
    )


def _not_seen(step: Step, state: State, send: Row) -> NotSeen:
    who = " or ".join(sorted({name or "unknown service" for _, _, name in step.services}))
    return {
        "step": f"{' or '.join(step.names)} in {who}",
        "usual_share": round(step.share, 4),
        "usual_wait_nano": step.p50 or 0,
        "usual_wait_p95_nano": step.p95,
        "examples": step.examples,
        "state": state,
        "destination": step.place[0],
        "consumer_group": step.place[1],
        "sent_by": span_ref(send),
    }
