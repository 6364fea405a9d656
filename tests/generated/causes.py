"""Which causes the spans of an orphan root cannot tell from the true one.

Decided when the pipeline has run: what else connected is part of what the spans show.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from tests.generated.scene import Context
from tests.generated.styles import ReceiveStyle, SendStyle
from tests.generated.worlds import Channel, Subscription

_LAMBDA_BY_HAND = "0.64b0"


# What the spans show is the same whatever else connected.
_ALWAYS_ALIKE: dict[str, set[str]] = {
    "K4": set(),
    "K6": set(),
    "K9": {"K1"},
    "P3": set(),
    "S5": {"S2", "S1"},
    "S6": set(),
    "S7": {"S1"},
    "S12": {"S1", "S3", "S4"},
    "T1": {"P3"},
    "X1": {"X4"},
    "X2": set(),
    "X4": {"X1"},
}


@dataclass(frozen=True, slots=True)
class Lost:
    """An orphan root, and what took its context: `number` names its message."""

    root: Context
    cause: str
    channel: Channel
    subscription: Subscription | None
    """None: the root is the producer's."""
    number: int
    same: tuple[Context, ...] = ()
    beside: frozenset[str] = frozenset()
    """Causes of other messages that it handled."""
    says_sampled: bool = False
    """The context says of its span whether it was sampled."""
    above: Context | None = None
    """The span of the producer's service that its send was part of."""


@dataclass
class Seen:
    """Which consumers continued what, by channel and service, and by message."""

    connected: set[tuple[str, str]] = field(default_factory=set)
    by_message: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    stored: Collection[Context] = ()

    def add(self, channel: Channel, subscription: Subscription, number: int) -> None:
        self.connected.add((channel.name, subscription.service.name))
        self.by_message[number].add(subscription.service.name)


def causes_alike(lost: Lost, seen: Seen) -> list[str]:
    """Never the true cause itself."""
    alike = set(lost.beside)
    if lost.subscription is not None:
        alike |= _alike(lost, lost.subscription, seen)
        if lost.subscription.group == "":
            alike.add("S11")
    else:
        alike |= {"P6"}
    return sorted(alike - {lost.cause})


def _alike(lost: Lost, subscription: Subscription, seen: Seen) -> set[str]:
    channel, code = lost.channel, lost.cause
    here = (channel.name, subscription.service.name) in seen.connected
    elsewhere = bool(seen.by_message[lost.number] - {subscription.service.name})
    hands = {
        "hand_sent": _sent_by_hand(channel.style),
        "hand_read": _read_by_hand(subscription.style),
    }
    if code in ("P1", "P2", "K7"):
        kept = code == "P2" and lost.above in seen.stored
        return set() if lost.says_sampled or kept else {"P1", "P2"}
    if code in _ALWAYS_ALIKE:
        return set(_ALWAYS_ALIKE[code])
    if code == "P4":
        return set() if here else {"P3"}
    if channel.system == "sqs":
        return _alike_on_queue(code, here=here, **hands)
    if channel.system == "sns":
        return _alike_over_topic(code, here=here, hand_read=hands["hand_read"])
    if channel.system == "eventbridge":
        return _alike_on_bus(code, channel, subscription, elsewhere=elsewhere)
    if channel.system == "kafka":
        return _alike_on_topic(here=here, elsewhere=elsewhere, **hands)
    return {"R1", "P5"}


def _alike_on_queue(code: str, *, here: bool, hand_sent: bool, hand_read: bool) -> set[str]:
    alike: set[str] = set()
    if here:  # others of the queue arrive: something about this message
        alike |= {"S3", "S4", "S2"} if hand_sent else {"S3"}
        alike |= {"S1"} if code == "S1" else set()
    else:
        alike |= {"S1"} if hand_read else set()
        alike |= {"S2", "S4"} if hand_sent else set()
        alike |= set() if hand_sent or hand_read else {"S3", "S4"}
        alike |= {"P5"}
    return alike


def _alike_over_topic(code: str, *, here: bool, hand_read: bool) -> set[str]:
    """Whether raw delivery is on holds for all messages of a queue."""
    if code == "S3":
        return set() if here else {"S9"}
    return {"S1"} if hand_read else set()


def _alike_on_bus(
    code: str, channel: Channel, subscription: Subscription, *, elsewhere: bool
) -> set[str]:
    over_queue = subscription.queue != channel.name and "sqs" in subscription.style.scope[0]
    reads_queue = over_queue or "aws_sqs" in str(subscription.style.process.fixed.values())
    at_target = {"E2", "E3"} if reads_queue else {"E2"}
    if code == "E4":
        return {"E1"}
    if elsewhere:
        return at_target if code in ("E2", "E3") else set()
    # nothing shows that this producer injects, or that it does not
    return {"E1"} | at_target if _sent_by_hand(channel.style) else set()


def _alike_on_topic(*, here: bool, elsewhere: bool, hand_sent: bool, hand_read: bool) -> set[str]:
    if elsewhere:  # this very record had its context
        return {"K3"}
    if here:
        return {"K2", "K1"} if hand_sent else {"K2"}
    alike = {"P5"}
    alike |= {"K3"} if hand_read else set()
    alike |= {"K1"} if hand_sent or not hand_read else set()
    return alike


def _sent_by_hand(style: SendStyle) -> bool:
    return style.scope[0] == "shop"


def _read_by_hand(style: ReceiveStyle) -> bool:
    return style.scope[0] == "shop" or style.shape == "call" or style.scope[1] == _LAMBDA_BY_HAND
