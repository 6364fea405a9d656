"""The truth about a delivery: its hand-overs, and the roots that it leaves broken."""

from tests.generated.causes import cause_of
from tests.generated.messages import Arrival, Message
from tests.generated.scene import Context, Scene, ids
from tests.generated.shapes import Handled, Parcel
from tests.generated.topology import Subscription


def tell_delivery(
    scene: Scene,
    arrival: Arrival,
    parcels: list[tuple[Parcel, str | None]],
    handled: list[Handled],
) -> None:
    """`parcels` with the fault that took the context of each, and where each ended."""
    for message, (parcel, fault), end in zip(arrival.messages, parcels, handled, strict=True):
        _tell_edge(scene, arrival, message, parcel, fault, end)
    _tell_orphans(scene, arrival, parcels, handled)


def _tell_edge(
    scene: Scene,
    arrival: Arrival,
    message: Message,
    parcel: Parcel,
    fault: str | None,
    end: Handled,
) -> None:
    producer = message.producer
    if parcel.context in message.others:  # the API call's own context travelled
        producer = parcel.context
    relation = "same_trace" if fault == "rewritten" else end.relation
    if fault == "X-Ray":
        relation = "none"
    cause = None
    if fault:
        dead = arrival.subscription.group == ""
        cause, _ = cause_of(message.channel.system, fault, dead_letter=dead)
    alt = [c for c in (message.producer, *message.others) if c != producer]
    scene.edges.append(
        {
            "producer": ids(producer),
            "producer_alt": [ids(context) for context in alt],
            "consumer": ids(end.consumer),
            "consumer_root": ids(end.root),
            "consumer_alt": [ids(context) for context in end.alt],
            "relation": relation,
            "cause": cause,
            "order_id": message.order,
            "attempt": arrival.attempt,
            "shared": _shared(arrival.subscription, message, fault),
        }
    )


def _shared(subscription: Subscription, message: Message, fault: str | None) -> str:
    if fault is None:
        return "visible"
    if not message.alone:
        return "nothing"
    sends, receives = message.channel.style, subscription.style
    here = set(sends.span.facts) | set(sends.call.facts if sends.call else ())
    there = set(receives.process.facts) | set(receives.receive.facts if receives.receive else ())
    same_id = message.channel.system not in ("sns", "eventbridge") or receives.scope[0] == "shop"
    record = {"partition", "offset"} <= here and (
        {"partition", "offset"} <= there or "record_id" in there
    )
    if (
        (same_id and message.facts["id"] and "id" in here & there)
        or record
        or "celery_id" in here & there
    ):
        return "id"
    return "nothing"


def _tell_orphans(
    scene: Scene,
    arrival: Arrival,
    parcels: list[tuple[Parcel, str | None]],
    handled: list[Handled],
) -> None:
    system = arrival.messages[0].channel.system
    dead = arrival.subscription.group == ""
    faults = [fault for _, fault in parcels]
    if all(faults):
        _tell_orphan(
            scene,
            handled[0].root,
            cause_of(system, faults[0] or "", dead_letter=dead),
            [end.body for end in handled if end.body],
        )
        return
    for end in handled:
        if end.body:
            _tell_orphan(scene, end.body, cause_of(system, "closed", dead_letter=dead), [])


def _tell_orphan(
    scene: Scene, root: Context, cause: tuple[str, list[str]], same: list[Context]
) -> None:
    scene.orphan_roots.append(
        {
            **ids(root),
            "cause": cause[0],
            "also_ok": cause[1],
            "same_as": [ids(context) for context in same],
        }
    )
