"""Members of a JSON object in its text: put in and cut out, every other byte left as it is.

To read and write the object anew would change what the application wrote: 1e400, blanks,
a name that stands there twice.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# Python reads no integer of more than 4300 digits; what numbers say does not matter here.
_DECODER = json.JSONDecoder(parse_int=float)
_BLANKS = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object; `start`, `value_start` and `end` are places in its text."""

    name: str
    value: Any
    start: int
    value_start: int
    end: int


def list_members(text: str) -> list[Member]:
    """The members of an object, as they stand. Raises ValueError if the text is none, or is
    nested more deeply than Python can read."""
    try:
        return _scan(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def add_member(text: str, name: str, value: str) -> str:
    """Put a member, its value as JSON text, before the others. Raises as `list_members`."""
    members = list_members(text)
    place = members[0].start if members else text.index("{") + 1
    member = f"{json.dumps(name)}:{value}{',' if members else ''}"
    return text[:place] + member + text[place:]


def cut_members(text: str, members: Sequence[Member], name: str) -> str:
    """The text without those of its `members` that have the name."""
    kept = [index for index, member in enumerate(members) if member.name != name]
    if len(kept) == len(members):
        return text
    ends = [following.start for following in members[1:]]
    pieces = [text[members[index].start : ends[index]] for index in kept[:-1]]
    pieces += [text[members[index].start : members[index].end] for index in kept[-1:]]
    return text[: members[0].start] + "".join(pieces) + text[members[-1].end :]


def put_value(text: str, member: Member, value: str) -> str:
    """The text with another value, as JSON text, in one of its members."""
    return text[: member.value_start] + value + text[member.end :]


def _scan(text: str) -> list[Member]:
    members: list[Member] = []
    place = _expect(text, _skip(text, 0), "{")
    if text[place : place + 1] != "}":
        while True:
            start = place
            _expect(text, start, '"')
            name, place = _DECODER.raw_decode(text, start)
            value_start = _expect(text, _skip(text, place), ":")
            value, end = _DECODER.raw_decode(text, value_start)
            members.append(Member(name, value, start, value_start, end))
            place = _skip(text, end)
            if text[place : place + 1] != ",":
                break
            place = _skip(text, place + 1)
    if _expect(text, place, "}") != len(text):
        raise ValueError("more than one JSON object")
    return members


def _skip(text: str, place: int) -> int:
    blanks = _BLANKS.match(text, place)
    return blanks.end() if blanks else place


def _expect(text: str, place: int, character: str) -> int:
    """The place of what follows a character and blanks."""
    if text[place : place + 1] != character:
        raise ValueError(f"{character} expected at {place}")
    return _skip(text, place + 1)
