"""Which rows of the tables count at one moment: a pure function of the journal.

A row counts when the numbers on it are of a committed append and of a committed answer. A
statement that is given these rows sees the same state however many statements go before and
after it, and whatever others write meanwhile.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from storage.clickhouse.nesting import NESTED, told_column
from storage.clickhouse.tables import ANSWERS, DICTIONARY_KEYS, KINDS, PARTS, TABLES
from storage.partition import WHOLE, Partition
from storage.partition_progress import settled

_NAMED = re.compile(rf"\b(FROM|JOIN)(\s+)({'|'.join(TABLES)})\b(?!\s*\()(\s+AS\s+\w+)?")


@dataclass(frozen=True, slots=True)
class Claim:
    """Of a number of which nobody knows yet whether it will be committed."""

    number: int
    age_seconds: float
    owner: str
    """Empty where two took it."""
    told: str = ""
    """JSON, of what it was claimed for."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who analyses a partition."""

    term: int = 0
    """0 as long as nobody ever did."""
    owner: str = ""
    """Empty where it was given back."""
    age_seconds: float = 0.0
    """Since the owner was heard of."""


@dataclass(frozen=True, slots=True)
class Series:
    """The numbers of one kind: appends ("spans") or answers ("answers")."""

    newest: int = 0
    """The largest committed."""
    hidden: tuple[int, ...] = ()
    """Smaller ones that are not committed, in order."""
    open: tuple[Claim, ...] = ()
    """In the order of their numbers."""
    highest: int = 0
    """The largest claimed."""

    @property
    def complete(self) -> int:
        """Up to here nothing will come any more."""
        return min(self.newest, self.open[0].number - 1) if self.open else self.newest

    @property
    def ended(self) -> int:
        """Up to here it is known what became of each."""
        return self.open[0].number - 1 if self.open else self.highest

    def first_after(self, number: int) -> int | None:
        """The smallest committed one that is larger."""
        first = number + 1
        for hidden in self.hidden[bisect_right(self.hidden, number) :]:
            if hidden != first:
                break
            first += 1
        return first if first <= self.newest else None

    def sees(self, number: int) -> bool:
        return number <= self.newest and number not in self.hidden

    def since(self, earlier: "Series") -> list[int]:
        """The numbers that are committed now and were not then."""
        new, hidden = range(earlier.newest + 1, self.newest + 1), set(self.hidden)
        return [number for number in (*earlier.hidden, *new) if number not in hidden]


@dataclass(frozen=True, slots=True)
class Snapshot:
    spans: Series = Series()
    answers: Series = Series()
    leases: Mapping[str, Lease] = field(default_factory=dict)
    """By the name of their series in the journal."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """What committed answers said last: rules, deleted (up to which generation), forgotten (the
    answers before this one), notes, and what storage/partition_progress.py keeps."""

    def series(self, name: str) -> Series:
        return self.spans if name == "spans" else self.answers

    def lease(self, partition: Partition = WHOLE) -> Lease:
        return self.leases.get(partition.name("analysis"), Lease())

    @property
    def analysed(self) -> int:
        return settled(self.state)

    @property
    def began(self) -> int:
        """Grows when all answers are forgotten, or the traces divided among other analyzers."""
        return int(self.state.get("divided", 0)) + self.forgotten

    @property
    def deleted(self) -> int:
        return int(self.state.get("deleted", 0))

    @property
    def forgotten(self) -> int:
        return int(self.state.get("forgotten", 0))

    def rows(self, database: str) -> dict[str, str]:
        """Each table's rows that count, as a query of ClickHouse."""
        stored = within("generation", 0, self.spans)
        kept = within("generation", self.deleted, self.spans)
        valid = within("answered", self.forgotten, self.answers)
        noted = within("answered", 0, self.answers)
        first = self.spans.first_after(self.deleted)
        oldest = "NULL" if first is None else str(first)
        found = {}
        for name in TABLES:
            table = f"`{database}`.`{name}`"
            if name in DICTIONARY_KEYS:
                found[name] = (
                    f"SELECT * FROM {table} WHERE {stored} LIMIT 1 BY {DICTIONARY_KEYS[name]}"
                )
            elif name in PARTS:
                besides = _BESIDES if name == "spans" else ""
                found[name] = f"SELECT *{besides} FROM {table} WHERE {kept}"
            elif name in ANSWERS:
                owner = ", ".join(ANSWERS[name])
                found[name] = (
                    f"SELECT * FROM {table} WHERE {valid} AND generation > {self.deleted}"
                    f" AND ({owner}, answered) NOT IN (SELECT trace_hi, trace_lo, answered"
                    f" FROM `{database}`.superseded WHERE kind = '{KINDS[name]}'"
                    f" AND {within('by_answer', self.forgotten, self.answers)})"
                )
        found["superseded"] = f"SELECT * FROM `{database}`.superseded WHERE {noted}"
        # What was noted beside spans of which some are left, once each.
        facts = ", ".join(n for n in TABLES["past_facts"].columns.names if n not in _NUMBERS)
        for name, key, when in (
            ("past_facts", facts, valid),
            ("losses", "trace_hi, trace_lo", noted),
        ):
            found[name] = (
                f"SELECT {key}, max(noted.generation) AS generation"
                f" FROM `{database}`.`{name}` AS noted WHERE {when}"
                f" GROUP BY {key} HAVING max(noted.generation) >= {oldest}"
            )
        return found


_NUMBERS = {"generation", "answered"}
# What is not stored because it follows, and columns of lists: read through a subquery, one of
# them would be all of its list.
_LISTS = "{lists}"
_BESIDES = f", {told_column('end_time_unix_nano')}{_LISTS}"
_LIST = re.compile(rf"`((?:{'|'.join(NESTED)})\.\w+)`")


def put_rows(text: str, rows: Mapping[str, str]) -> str:
    """The statement, reading the rows that count where it names a table. It names columns of
    lists in backticks."""
    lists = "".join(f", {name} AS `{name}`" for name in sorted({*_LIST.findall(text)}))

    def put(match: re.Match[str]) -> str:
        word, space, name, alias = match.groups()
        told = rows[name].replace(_LISTS, lists)
        return f"{word}{space}({told}){alias or f' AS {name}'}"

    return _NAMED.sub(put, text)


def within(column: str, after: int, series: Series) -> str:
    """The condition that a number is committed and larger than one. Where appends fail again
    and again their numbers stand side by side: each run of them is named once, so that
    statements do not get longer than a server reads."""
    conditions = [f"{column} > {after} AND {column} <= {series.newest}"]
    single = []
    for first, last in runs(n for n in series.hidden if after < n <= series.newest):
        if first == last:
            single.append(str(first))
        else:
            conditions.append(f"{column} NOT BETWEEN {first} AND {last}")
    if single:
        conditions.append(f"{column} NOT IN ({', '.join(single)})")
    return " AND ".join(conditions)


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of numbers that follow each other; they are in order."""
    for _, run in groupby(enumerate(numbers), lambda counted: counted[1] - counted[0]):
        each = [number for _, number in run]
        yield each[0], each[-1]
