"""What one process of a server does, where several share a store."""

import re
from dataclasses import dataclass

from storage.partition import Partition


@dataclass(frozen=True, slots=True)
class Role:
    name: str
    collects: bool = False
    """It takes OTLP in."""
    analyses: bool = False
    """It works out answers, and deletes what is old or too much."""
    shows: bool = False
    """It serves the pages and the API."""

    @property
    def is_whole(self) -> bool:
        return self.collects and self.analyses and self.shows


ROLES = {
    role.name: role
    for role in (
        Role("all", collects=True, analyses=True, shows=True),
        Role("collector", collects=True),
        Role("analyzer", analyses=True),
        Role("web", shows=True),
    )
}


def parse_role(text: str) -> Role:
    """Raises ValueError with what is allowed."""
    role = ROLES.get(text.strip().lower())
    if role is None:
        raise ValueError(f"a role is {', '.join(ROLES)}")
    return role


def parse_partition(text: str) -> Partition:
    """I/N, N with two digits at most: a slip would divide the store, which notes and reports
    how far each is. Raises ValueError with what is allowed."""
    match = re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})", text.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError("a partition is I/N, such as 2/4 for the second of four, at most 99")
    return Partition(int(match[1]), int(match[2]))
