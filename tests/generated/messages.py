"""Messages on their way: what they carry, and what of it reaches a consumer."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.generated.scene import Context
from tests.generated.shapes import Parcel
from tests.generated.styles import W3C
from tests.generated.topology import Channel, Subscription


@dataclass
class Message:
    channel: Channel
    order: str
    facts: dict[str, Any]
    producer: Context
    others: list[Context]
    carried: dict[str, Context]
    sent: float
    alone: bool = True
    """Its send's span is about no other message."""
    _reaches: dict[str, bool] = field(default_factory=dict)

    @property
    def number(self) -> int:
        number: int = self.facts["number"]
        return number

    def reaches(self, subscription: Subscription, random: Random) -> bool:
        """Whether this message's context is not lost on its way there, as in every attempt."""
        return self._reaches.setdefault(subscription.service.name, random.random() < 0.5)


@dataclass(order=True)
class Arrival:
    """Messages that reach a consumer together."""

    at: float
    number: int
    subscription: Subscription = field(compare=False)
    messages: list[Message] = field(compare=False)
    attempt: int = field(compare=False, default=1)


def bring(
    message: Message,
    subscription: Subscription,
    random: Random,
    *,
    number: int,
    attempt: int,
    fails: bool,
) -> tuple[Parcel, str | None]:
    """The message as it arrives, and the fault that took its context."""
    channel, reads = message.channel, subscription.style.carriers
    if channel.system in ("sns", "eventbridge"):
        reads &= W3C
    # the last context that is read wins, and X-Ray's is read last
    found = [message.carried[c] for c in ("w3c", "xray") if c in reads & message.carried.keys()]
    context = found[-1] if found else None
    fault = channel.fault or subscription.fault
    if context is None:
        if fault not in ("not written", "not read", "uninstrumented"):
            fault = _why_none_arrives(reads, message)
    elif fault == "not read":
        context = None
    elif fault == "some":
        if message.reaches(subscription, random):
            fault = None
        else:
            context = None
    elif fault == "X-Ray":
        epoch = 1_760_000_000 + int(message.sent)
        context = Context((epoch << 96) + message.number, 0xEE00 + message.number)
    elif fault == "rewritten":
        context = Context(context.trace, 0xFF00 + message.number)
    facts = message.facts | {
        "destination": subscription.queue,
        "destination_url": f"https://sqs.eu-west-1.amazonaws.com/123456789012/{subscription.queue}",
        "group": subscription.group,
        "attempt": attempt,
        "invocation": f"inv-{number}",
    }
    if channel.system in ("sns", "eventbridge") and subscription.style.scope[0] != "shop":
        # the queue gives the notification an id of its own
        facts["id"] = f"77777777-7b3d-4e4f-8a1b-{message.number:012x}"
    return Parcel(facts, message.order, context, fails), fault


def _why_none_arrives(reads: frozenset[str], message: Message) -> str:
    """The fault of a healthy hop whose two sides do not fit."""
    if not reads:
        return "not read"
    return "carriers" if message.carried else "not written"
