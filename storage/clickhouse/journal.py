"""Numbers of appends and answers: who has them, and what became of each.

A writer claims the next number, writes rows that carry it, and commits it; only then do the
rows count. Claiming and ending are one insert each, with a token that names the number: the
server stores the first of several and drops the others, so that a number has one owner and
one end, without a lock. Whoever waits for a number whose owner is gone aborts it; should the
owner come back, its commit is dropped and it learns that it came too late. What numbers of long
ago come to is said in one row (`folding`).
"""

import json
import random
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any, Literal

import polars as pl
import pyarrow as pa

from storage.clickhouse.client import Client
from storage.clickhouse.fences import Fence
from storage.clickhouse.folding import STEP, apply_folded, folded_detail, series_of
from storage.clickhouse.snapshot import Claim, Lease, Series, Snapshot
from storage.clickhouse.statements import statement
from storage.contract import StoreError
from storage.partition import Partition
from storage.partition_progress import analysed_by, partitions_of
from storage.schema import TEXT, U64

Name = Literal["spans", "answers"]
NAMES: tuple[Name, ...] = ("spans", "answers")

_TRIES = 30
# Steps of which a number has one.
_ONCE = {"claimed": "claim", "committed": "end", "aborted": "end"}

COLUMNS: pa.Schema = pa.schema(
    (
        pa.field("series", TEXT, nullable=False),
        pa.field("number", U64, nullable=False),
        # claimed, committed, aborted; beaten, checked; folded
        pa.field("step", TEXT, nullable=False),
        pa.field("writer", TEXT, nullable=False),
        # JSON: what a claim is for (Fence.told), or how a commit changes the state
        # (Snapshot.state).
        pa.field("detail", TEXT, nullable=False),
    )
)
TOO_LATE = "The store took longer for this than it may; try again."


class Journal:
    def __init__(self, client: Client) -> None:
        self._client = client
        self.writer = uuid.uuid4().hex
        self._lock = threading.Lock()
        # Numbers up to these are ended, and what they come to.
        self._settled = self._last = Snapshot()

    def look(self) -> Snapshot:
        with self._lock:
            settled = self._settled
        numbers = (_of(name, f"> {settled.series(name).ended}") for name in NAMES)
        frame = self._read(" OR ".join([*numbers, _of_leases(settled)]))
        found = fold(settled, frame)
        last = {name: lease.term for name, lease in found.leases.items()}
        for name in NAMES:
            last[name] = last[series_of(name)] = found.series(name).ended
        ended = pl.col("series").replace_strict(last, return_dtype=pl.UInt64)
        with self._lock:
            self._last = found
            if settled is self._settled:
                self._settled = fold(settled, frame.filter(pl.col("number") <= ended))
        return found

    def claim(self, name: Name, fence: Fence | None = None) -> tuple[int, Snapshot]:
        """A number of our own, larger than any that is claimed, and the state then. Raises
        StoreError where the `fence` forbids it."""
        seen = self._last
        told = "{}" if fence is None else fence.told
        for attempt in range(_TRIES):
            number = seen.series(name).highest + 1
            claim = self._row(name, number, "claimed", told)
            claim["writer"] = uuid.uuid4().hex  # threads of this process claim beside each other
            self._insert([claim], f"{name}-{number}-claim")
            seen = self.look()
            if any(claim["writer"] == c.owner for c in seen.series(name).open):
                if fence is not None and (refusal := fence.refuse(seen, number, self.writer)):
                    self.abort(name, number)
                    raise StoreError(refusal)
                return number, seen
            time.sleep(random.uniform(0, 0.01 * attempt))  # noqa: S311 # no secret
        raise StoreError("Too many write to the store at once; try again.")

    def commit(self, name: Name, number: int, **detail: Any) -> Snapshot:
        """What was written with the number counts from now on. Raises StoreError when it was
        aborted meanwhile."""
        try:
            self._write(name, number, "committed", json.dumps(detail))
        except StoreError:  # it may have arrived: then this does nothing
            self._write(name, number, "aborted", "{}")
        seen = self.look()
        if not seen.series(name).sees(number):
            raise StoreError(TOO_LATE)
        return seen

    def abort(self, name: Name, number: int) -> None:
        """Nothing that was written with the number will ever count, unless it does already."""
        self._write(name, number, "aborted", "{}")

    def look_back(self, seconds: float) -> Snapshot:
        """What the state was some time ago: what it hides, nobody reads."""
        numbers = " OR ".join(_of(name, "> 0") for name in NAMES)
        # What is folded was ended long before.
        past = f"(step = '{STEP}' OR at < now64(3) - INTERVAL {int(seconds)} SECOND)"
        return fold(Snapshot(), self._read(f"({numbers}) AND {past}"))

    def shorten(self, earlier: Snapshot) -> str:
        """Say in one row of each series what numbers that had ended `earlier` come to, and
        give the condition on the rows that nobody needs any more."""
        # Those of later appends tell what has to be looked at (`copies`).
        analysed = analysed_by(earlier.state, partitions_of(earlier.state)[0])
        upto = {"spans": min(earlier.spans.ended, analysed), "answers": earlier.answers.ended}
        which = [f"series = '{name}' AND number <= {upto[name]}" for name in NAMES]
        found = self._read(" OR ".join([f"step = '{STEP}'", *which]))
        after, rows = fold(Snapshot(), found), []
        gone = [f"series = '{of}' AND number < {its.term}" for of, its in self._last.leases.items()]
        for name in NAMES:
            if after.series(name).open:  # of a server whose clock is ahead
                continue
            number, folded = after.series(name).highest, pl.col("series") == series_of(name)
            if number not in found.filter(folded)["number"]:
                rows.append(self._row(series_of(name), number, STEP, folded_detail(name, after)))
            gone.append(f"series = '{name}' AND number <= {number}")
            gone.append(f"series = '{series_of(name)}' AND number < {number}")
        if rows:
            self._insert(rows, "-".join([STEP, *(str(row["number"]) for row in rows)]))
        return " OR ".join(gone) or "false"

    def beside(self, after: int, upto: int) -> set[int]:
        """Of the appends after a number up to another those that did not see all before
        them, and what they did not see (`copies`)."""
        text = (
            f"SELECT number, detail FROM {self._table} WHERE series = 'spans'"
            f" AND step = 'committed' AND detail != '{{}}'"
            f" AND number > {after} AND number <= {upto}"
        )
        found = set[int]()
        for row in self._client.select(text).to_pylist():
            others = json.loads(row["detail"]).get("beside", ())
            found |= {row["number"], *others} if others else set()
        return found

    def lead(self, partition: Partition, term: int) -> None:
        """Take this term of its analysis (`leases`): `look` tells whether we got it."""
        self._write(partition.name("analysis"), term, "claimed")

    def beat(self, partition: Partition, term: int) -> None:
        self._write(partition.name("analysis"), term, "beaten")

    def resign(self, partition: Partition, term: int) -> None:
        self._write(partition.name("analysis"), term, "aborted")

    def note_check(self) -> None:
        """A row that nobody reads."""
        self._write("check", 0, "checked")

    def record(self, name: Name, numbers: Sequence[int]) -> Snapshot:
        """Commit numbers that nobody claimed, all at once."""
        rows = [self._row(name, number, "committed", "{}") for number in numbers]
        self._insert(rows, f"{name}-{numbers[0]}-{numbers[-1]}")
        return self.look()

    def _read(self, which: str) -> pl.DataFrame:
        text = statement("journal", table=self._table, which=which)
        return pl.DataFrame(self._client.select(text))

    def _write(self, name: str, number: int, step: str, detail: str = "{}") -> None:
        token = f"{name}-{number}-{_ONCE.get(step) or uuid.uuid4().hex}"
        self._insert([self._row(name, number, step, detail)], token)

    def _insert(self, rows: list[dict[str, Any]], token: str) -> None:
        self._client.insert("journal", pa.Table.from_pylist(rows, schema=COLUMNS), token)

    def _row(self, name: str, number: int, step: str, detail: str) -> dict[str, Any]:
        row = [name, number, step, self.writer, detail]
        return dict(zip(COLUMNS.names, row, strict=True))

    @property
    def _table(self) -> str:
        return f"`{self._client.address.database}`.journal"


def fold(settled: Snapshot, rows: pl.DataFrame) -> Snapshot:
    """The state after these rows of the journal, one a number, in order (sql/journal.sql).
    `settled` is the state after all smaller numbers."""
    settled, rows = apply_folded(settled, rows)
    state = dict(settled.state)
    answers = rows.filter(pl.col("series") == "answers")
    details = answers.filter("committed").filter(~pl.col("detail").is_in(["", "{}"]))
    for number, detail in details.select("number", "detail").iter_rows():
        told = json.loads(detail)
        # What only happens is named by its number.
        state |= {name: number if value is True else value for name, value in told.items()}
    spans = rows.filter(pl.col("series") == "spans")
    leases = dict(settled.leases)
    for row in rows.filter(pl.col("series").str.starts_with("analysis")).iter_rows(named=True):
        owner = "" if row["aborted"] else row["owner"]
        leases[row["series"]] = Lease(row["number"], owner, row["age"])
    return Snapshot(_fold(settled.spans, spans), _fold(settled.answers, answers), leases, state)


def _of(name: Name, numbers: str) -> str:
    """The condition on rows about such numbers of a series."""
    return f"(series IN ('{name}', '{series_of(name)}') AND number {numbers})"


def _of_leases(settled: Snapshot) -> str:
    """The condition on terms that may not be over."""
    conditions = ["startsWith(series, 'analysis')"]
    for name, lease in settled.leases.items():
        conditions.append(f"NOT (series = '{name}' AND number < {lease.term})")
    return f"({' AND '.join(conditions)})"


def _fold(settled: Series, rows: pl.DataFrame) -> Series:
    committed = rows.filter("committed")["number"].to_list()
    failed = rows.filter(~pl.col("committed"))
    open_ = failed.filter(~pl.col("aborted"))
    return Series(
        newest=max([settled.newest, *committed[-1:]]),
        hidden=(*settled.hidden, *failed["number"].to_list()),
        open=tuple(Claim(*row) for row in open_.select("number", "age", "owner", "told").rows()),
        highest=max([settled.highest, *rows["number"].to_list()[-1:]]),
    )
