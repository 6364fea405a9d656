"""`_otel` in the detail of an event, which is an object or JSON text."""

import json
from collections.abc import Mapping, MutableMapping
from typing import Any, TypeVar

from tracestitch_propagation.bodies import EVENT_CARRIER
from tracestitch_propagation.json_members import (
    add_member,
    cut_members,
    list_members,
    put_value,
)

Detail = TypeVar("Detail", str, dict[str, Any])

# Where an event stands in what a target gets: the body of a queue's message, an envelope of
# SNS in it or in a record of Lambda, and the detail itself.
_HOLDERS = ("Sns", "Body", "body", "Message", "detail")
_DEEPEST = 5


def encode_carrier(carried: Mapping[str, str]) -> str:
    """ASCII: as many bytes as characters."""
    return json.dumps(carried, separators=(",", ":"))


def read_carrier(detail: str | Mapping[str, Any]) -> dict[str, str]:
    """The fields in a detail. Raises ValueError for a text that is no JSON object."""
    if isinstance(detail, str):
        members = [member.value for member in list_members(detail) if member.name == EVENT_CARRIER]
        held = members[-1] if members else None
    else:
        held = detail.get(EVENT_CARRIER)
    if not isinstance(held, Mapping):
        return {}
    return {name: value for name, value in held.items() if isinstance(value, str)}


def put_carrier(detail: Detail, carried: Mapping[str, str]) -> Detail:
    """The detail with these fields and no others. Raises ValueError for a text that is no JSON
    object."""
    if isinstance(detail, str):
        text = cut_members(detail, list_members(detail), EVENT_CARRIER)
        return add_member(text, EVENT_CARRIER, encode_carrier(carried)) if carried else text
    rest = {name: value for name, value in detail.items() if name != EVENT_CARRIER}
    return {**rest, EVENT_CARRIER: dict(carried)} if carried else rest


def cut_carrier(holder: MutableMapping[str, Any], depth: int = _DEEPEST) -> None:
    """Remove `_otel` in place from an event, or from the message that has it in its body."""
    holder.pop(EVENT_CARRIER, None)
    for name in _HOLDERS if depth else ():
        inner = holder.get(name)
        if isinstance(inner, MutableMapping):
            cut_carrier(inner, depth - 1)
        elif isinstance(inner, str) and EVENT_CARRIER in inner:
            holder[name] = _cut_text(inner, depth - 1)


def _cut_text(text: str, depth: int) -> str:
    try:
        members = list_members(text)
    except ValueError:
        return text
    cut = cut_members(text, members, EVENT_CARRIER)
    if cut != text or not depth:
        return cut
    # Of several of a name the last is what a reader of JSON gets; a sender may write very many.
    holders = {member.name: member for member in members if member.name in _HOLDERS}
    for member in holders.values():
        if isinstance(member.value, str):
            inner = _cut_text(member.value, depth - 1)
            changed, written = inner != member.value, json.dumps(inner)
        else:
            before = text[member.value_start : member.end]
            written = _cut_text(before, depth - 1)
            changed = written != before
        if changed:
            return put_value(text, member, written)
    return text
