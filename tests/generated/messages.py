"""Messages on their way: what they carry, and what of it reaches a consumer."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.generated.breaks import NEVER_READ, REPLACED
from tests.generated.scene import Context
from tests.generated.shapes import Parcel
from tests.generated.styles import W3C
from tests.generated.worlds import Channel, Subscription

_BLURRED = ("id", "record_id", "partition", "offset", "key")


@dataclass
class Message:
    channel: Channel
    order: str
    facts: dict[str, Any]
    producer: Context
    others: list[Context]
    carried: dict[str, Context]
    sent: float
    fault: str | None = None
    """What its producer's side did to it."""
    above: Context | None = None
    """The span that its send is part of."""
    alone: bool = True
    """Its send's span is about no other message."""

    @property
    def number(self) -> int:
        number: int = self.facts["number"]
        return number


@dataclass(order=True)
class Arrival:
    """Messages that reach a consumer together."""

    at: float
    number: int
    subscription: Subscription = field(compare=False)
    messages: list[Message] = field(compare=False)
    attempt: int = field(compare=False, default=1)
    fault: str | None = field(compare=False, default=None)
    """What brought it without its context: a replay, a redrive."""
    hurries: bool = field(compare=False, default=False)
    """Part of a burst."""


def bring(
    message: Message, arrival: Arrival, random: Random, *, number: int, fails: bool
) -> tuple[Parcel, str | None]:
    """The message as it arrives, and the cause that took its context or its producer."""
    subscription = arrival.subscription
    context, fault = _arriving(message, arrival)
    facts = message.facts | {
        "destination": subscription.queue,
        "destination_url": _url(subscription.queue),
        "address": _url(subscription.queue),
        "group": subscription.group,
        "attempt": arrival.attempt,
        "invocation": f"inv-{number}",
    }
    over_queue = message.channel.system in ("sns", "eventbridge")
    if (over_queue and subscription.style.scope[0] != "shop") or fault == "S12":
        # the queue gives the notification an id of its own
        facts["id"] = f"77777777-7b3d-4e4f-8a1b-{number:012x}"
    if subscription.fault == "K6":
        offset = facts["offset"] + 40
        facts |= {"offset": offset, "record_id": f"{subscription.queue}.0.{offset}"}
    captured = {}
    if fault == "P5" and subscription.captures:
        b3 = f"{message.producer.ids[0]}-{message.producer.ids[1]}-1"
        captured = {"messaging.header.b3": [b3]}
    dropped = 0
    if fault == "P8":
        dropped = random.randint(1, 4)
        facts |= dict.fromkeys(_BLURRED)
    return Parcel(facts, message.order, context, fails, captured, dropped), fault


def _arriving(message: Message, arrival: Arrival) -> tuple[Context | None, str | None]:
    subscription = arrival.subscription
    reads = subscription.style.carriers
    if message.channel.system in ("sns", "eventbridge"):
        reads &= W3C
    # the last context that is read wins, and X-Ray's is read last
    found = [message.carried[c] for c in ("w3c", "xray") if c in reads & message.carried.keys()]
    context = found[-1] if found else None
    fault = subscription.fault if arrival.at >= subscription.since else None
    if arrival.fault:
        return None, arrival.fault
    if fault in REPLACED:
        epoch = 1_760_000_000 + int(message.sent)
        return Context((epoch << 96) + message.number, 0xEE00 + message.number), fault
    if fault in NEVER_READ:
        return None, fault
    if context is None:
        return None, message.fault or _why_none_arrives(reads, message, subscription)
    if fault == "X2":
        return Context(context.trace, 0xFF00 + message.number), fault
    return context, None if message.fault in ("P6", "K8", "K5") else message.fault


def _why_none_arrives(reads: frozenset[str], message: Message, subscription: Subscription) -> str:
    """The cause where the two sides do not fit (facts of the carriers, docs/causes/S5.md)."""
    if message.channel.system == "eventbridge":
        return "E1"
    if message.channel.system == "sns":
        return "S9"
    scope = subscription.style.scope
    if "aws_lambda" in scope[0] and scope[1] == "0.65b0":
        return "S6"
    if not reads:
        return "S1" if "w3c" in message.carried else "S2"
    if "lambda" in scope[0]:
        return "S5"
    return "S2" if "w3c" in reads else "S5"


def _url(queue: str) -> str:
    return f"https://sqs.eu-west-1.amazonaws.com/123456789012/{queue}"
