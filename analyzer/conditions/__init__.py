"""The conditions that rows of causes name: what must hold of a case.

Each is a function of one case with a name in plain words; its docstring says what it
compares. A condition may say what it found, as evidence of the verdict that rests on it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from analyzer.case import Case

Test = Callable[[Case], bool]


class Finding(NamedTuple):
    """One line of the evidence."""

    field: str
    value: str
    meaning: str


Say = Callable[[Case], Finding | None]


@dataclass(frozen=True, slots=True)
class Condition:
    name: str
    holds: Test
    meaning: str
    """One sentence for the documentation."""
    say: Say | None


CONDITIONS: dict[str, Condition] = {}
"""By name; the modules of this package enter theirs (analyzer.causes imports them)."""


def condition(name: str, say: Say | None = None) -> Callable[[Test], Test]:
    """Enter a function as the condition of this name. `say` gives the evidence where it
    holds."""

    def enter(holds: Test) -> Test:
        if name in CONDITIONS:
            raise ValueError(f"two conditions are called {name!r}")
        meaning = " ".join((holds.__doc__ or "").split())
        CONDITIONS[name] = Condition(name, holds, meaning, say)
        return holds

    return enter
