"""The part of the promise that is about what made that which the store holds
(storage/contract.py): the settings by which attributes were read, the rules of the answers.
"""

from collections.abc import Sequence
from typing import Protocol

UNKNOWN = ""
"""The name of settings that nobody noted."""


class Origins(Protocol):
    def note_settings(self, name: str) -> None:
        """What is read out of attributes is read by the settings of this name from the next
        append on."""
        ...

    def settings_of_spans(self) -> list[str]:
        """The names of the settings by which the attributes of stored spans were read, each
        once, in order; UNKNOWN for those of spans that came before the first note."""
        ...

    def settings_in_force(self) -> str:
        """The name that was noted last; UNKNOWN without any note."""
        ...

    def answering_rules(self) -> str:
        """The name of the rules that answers are made by, as `forget_answers` was told."""
        ...


Note = tuple[int, str]
"""A generation, and the settings of all later ones, up to the next note's."""


def add_note(notes: Sequence[Note], name: str, newest: int, oldest: int | None) -> list[Note]:
    """The notes (in order) and a new one, without those that no stored generation needs.
    `newest` is the newest generation, `oldest` the oldest stored one."""
    kept = [note for note in notes if note[0] < newest]
    if not kept and newest:
        kept = [(0, UNKNOWN)]
    if not kept or kept[-1][1] != name:
        kept.append((newest, name))
    ends = [after for after, _ in kept[1:]]
    first = newest + 1 if oldest is None else oldest
    return [
        note for note, end in zip(kept, [*ends, None], strict=True) if end is None or end >= first
    ]


def newest_name(notes: Sequence[Note]) -> str:
    """Of the settings that were noted last; UNKNOWN without any note."""
    return notes[-1][1] if notes else UNKNOWN


def name_settings(notes: Sequence[Note], newest: int, oldest: int | None) -> list[str]:
    """The settings of the stored generations, by the notes in order."""
    if oldest is None:
        return []
    if not notes:
        return [UNKNOWN]
    found = [] if notes[0][0] < oldest else [UNKNOWN]
    ends = [*(after for after, _ in notes[1:]), newest]
    for (after, name), end in zip(notes, ends, strict=True):
        if end >= oldest and end > after:
            found.append(name)
    return sorted(set(found))
