"""The causes: one TOML file each.

title     what broke, in a few words
kind      "cause" (the default) of an orphan root, or "remark" on a hand-over
expected  true when it is nobody's mistake or already known: listed, but quiet
side      where the fix goes: "consumer", "producer" or "both"
roots     whether the cause is one of "deliveries" (the default) without their producer, of
          "sends" without the work that they belong to, or of "both"
received  true when the message did connect, by its receive span: its handling broke
source    where it is described: a specification, documentation, an issue
rows      what makes us how sure: `holds` names conditions (analyzer/conditions), "not "
          before one denies it; the first row that holds gives the `confidence`, the share
          of such verdicts that are right; 0 rules the cause out

Explanations stand in docs/causes, fixes in analyzer/fixes. Codes are part of the API.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from typing import Any, Literal

from analyzer.case import Case
from analyzer.conditions import CONDITIONS, Condition

UNKNOWN = "unknown"
_MODULES = (
    "bridges",
    "carriers",
    "contexts",
    "events",
    "producers",
    "queues",
    "records",
    "sends",
    "xray",
)
_NOT = "not "

Known = dict[str, bool]
"""By their names the conditions that were looked at, and whether they hold: most stand in
several rows."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row: all conditions must hold, or must not where False stands beside them."""

    holds: tuple[tuple[Condition, bool], ...]
    confidence: float

    def match(self, case: Case, known: Known) -> bool:
        for condition, wanted in self.holds:
            holds = known.get(condition.name)
            if holds is None:
                holds = known[condition.name] = condition.holds(case)
            if holds != wanted:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Cause:
    code: str
    title: str
    kind: Literal["cause", "remark"]
    expected: bool
    side: Literal["consumer", "producer", "both"]
    roots: Literal["deliveries", "sends", "both"]
    received: bool
    source: str
    lines: tuple[Line, ...]

    def match(self, case: Case, known: Known) -> Line | None:
        """The first row that holds."""
        if self.roots not in ("both", "sends" if case.sent else "deliveries"):
            return None
        return next((line for line in self.lines if line.match(case, known)), None)


@cache
def load_causes() -> dict[str, Cause]:
    """By code. Raises KeyError for a condition that nobody wrote."""
    for module in _MODULES:
        import_module(f"analyzer.conditions.{module}")
    files = resources.files("analyzer.causes").iterdir()
    told = {
        file.name.removesuffix(".toml"): tomllib.loads(file.read_text("utf-8"))
        for file in files
        if file.name.endswith(".toml")
    }
    return {code: _read_cause(code, told[code]) for code in sorted(told)}


def _read_cause(code: str, told: dict[str, Any]) -> Cause:
    return Cause(
        code=code,
        title=told["title"],
        kind=told.get("kind", "cause"),
        expected=told.get("expected", False),
        side=told.get("side", "both"),
        received=told.get("received", False),
        roots=told.get("roots", "deliveries"),
        source=told.get("source", ""),
        lines=tuple(
            Line(tuple(map(_read_condition, row["holds"])), float(row["confidence"]))
            for row in told.get("rows", [])
        ),
    )


def _read_condition(name: str) -> tuple[Condition, bool]:
    return CONDITIONS[name.removeprefix(_NOT)], not name.startswith(_NOT)
