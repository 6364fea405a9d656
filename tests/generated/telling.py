"""The truth about a delivery: its hand-overs, and the roots that it leaves broken."""

from typing import Any

from tests.generated.causes import Lost, Seen, causes_alike
from tests.generated.messages import Arrival, Message
from tests.generated.scene import Scene, ids
from tests.generated.shapes import Handled, Parcel
from tests.generated.worlds import Subscription

# What leaves a context that points at a span, which is not there or not the right one.
_LEADS_ASTRAY = {"X1", "X4"}
# Messages that come again under another id, or long after.
_COMES_AGAIN = {"S12", "E4"}
_LINKS = {"link", "child and link", "receive over process", "lambda", "closed receive with links"}


class Telling:
    """The truth about one world; `name_causes` ends it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._seen = Seen()
        self._lost: list[Lost] = []

    def lose(self, lost: Lost) -> None:
        self._lost.append(lost)

    def tell_delivery(
        self,
        arrival: Arrival,
        parcels: list[tuple[Parcel, str | None]],
        handled: list[Handled],
    ) -> None:
        """`parcels` with the cause that took the context of each, and where each ended."""
        for message, (parcel, fault), end in zip(arrival.messages, parcels, handled, strict=True):
            self._scene.edges.append(_edge(arrival, message, parcel, fault, end))
            if fault is None:
                self._seen.add(message.channel, arrival.subscription, message.number)
        self._tell_orphans(arrival, parcels, handled)

    def _tell_orphans(
        self,
        arrival: Arrival,
        parcels: list[tuple[Parcel, str | None]],
        handled: list[Handled],
    ) -> None:
        first, subscription = arrival.messages[0], arrival.subscription
        faults = [fault for _, fault in parcels]
        if all(faults):
            self.lose(
                Lost(
                    handled[0].root,
                    faults[0] or "",
                    first.channel,
                    subscription,
                    first.number,
                    tuple(end.body for end in handled if end.body),
                    frozenset(fault for fault in faults if fault),
                    says_sampled=self._says_sampled(subscription, first),
                    above=first.above,
                )
            )
            return
        for message, end in zip(arrival.messages, handled, strict=True):
            if end.body:
                self.lose(Lost(end.body, "K4", message.channel, subscription, message.number))

    def _says_sampled(self, subscription: Subscription, message: Message) -> bool:
        """The flags of links say it in most languages, a sampler's trace state in all."""
        linked = subscription.style.shape in _LINKS and subscription.style.language != "python"
        return linked or message.producer.trace in self._scene.trace_states

    def name_causes(self) -> None:
        """Of every orphan root, once it is known what connected."""
        self._seen.stored = self._scene.spans
        for lost in self._lost:
            self._scene.orphan_roots.append(
                {
                    **ids(lost.root),
                    "cause": lost.cause,
                    "also_ok": causes_alike(lost, self._seen),
                    "same_as": [ids(context) for context in lost.same],
                }
            )


def _edge(
    arrival: Arrival, message: Message, parcel: Parcel, fault: str | None, end: Handled
) -> dict[str, Any]:
    producer = message.producer
    if parcel.context in message.others:  # the API call's own context travelled
        producer = parcel.context
    relation = "same_trace" if fault == "X2" else end.relation
    if fault in _LEADS_ASTRAY:
        relation = "none"
    alt = [c for c in (message.producer, *message.others) if c != producer]
    return {
        "producer": ids(producer),
        "producer_alt": [ids(context) for context in alt],
        "consumer": ids(end.consumer),
        "consumer_root": ids(end.root),
        "consumer_alt": [ids(context) for context in end.alt],
        "relation": relation,
        "cause": fault,
        "order_id": message.order,
        "attempt": arrival.attempt,
        "shared": _shared(arrival.subscription, message, fault),
    }


def _shared(subscription: Subscription, message: Message, fault: str | None) -> str:
    if fault is None:
        return "visible"
    if not message.alone or fault in _COMES_AGAIN | {"P8", "K6"}:
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
