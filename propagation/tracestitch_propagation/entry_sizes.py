"""Bytes of the entries of PutEvents, and what of a context finds room in them.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tracestitch_propagation.bodies import EVENT_CARRIER
from tracestitch_propagation.event_details import encode_carrier

LIMIT = 262_144  # bytes; all entries of a request together stay below it
_TIME = 14  # bytes
_TEXTS = ("Source", "DetailType", "Detail")


def measure_entry(entry: Mapping[str, Any]) -> int:
    """The bytes of an entry, as AWS counts them."""
    resources = entry.get("Resources")
    texts = [
        *(entry.get(name) for name in _TEXTS),
        *(resources if isinstance(resources, list | tuple) else ()),
    ]
    time = 0 if entry.get("Time") is None else _TIME
    return time + sum(_count_bytes(text) for text in texts)


def share_room(
    room: int, held: Sequence[Mapping[str, str]], fields: Mapping[str, str]
) -> list[dict[str, str]]:
    """Which fields each event gets: the most needed one goes to all before any gets a second.
    `room` is in bytes; `held` is what each event carries already."""
    placed: list[dict[str, str]] = [{} for _ in held]
    for number, (name, value) in enumerate(fields.items()):
        for already, one in zip(held, placed, strict=True):
            before = {**already, **one}
            cost = _measure_carrier({**before, name: value}) - _measure_carrier(before)
            if len(one) == number and cost <= room:
                one[name] = value
                room -= cost
    return placed


def _measure_carrier(carried: Mapping[str, str]) -> int:
    """With its name and a comma; nothing is written for nothing."""
    return len(f'"{EVENT_CARRIER}":,') + len(encode_carrier(carried)) if carried else 0


def _count_bytes(text: object) -> int:
    return len(text.encode("utf-8", "surrogatepass")) if isinstance(text, str) else 0
