"""Numbers of appends and answers: who has them, and what became of each.

A writer claims the next number, writes rows that carry it, and commits it; only then do the
rows count. Claiming and ending are one insert each, with a token that names the number: the
server stores the first of several and drops the others, so that a number has one owner and
one end, without a lock. Whoever waits for a number whose owner is gone aborts it; should the
owner come back, its commit is dropped and it learns that it came too late.
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
from storage.clickhouse.snapshot import Claim, Series, Snapshot
from storage.contract import StoreError
from storage.schema import TEXT, U64

Name = Literal["spans", "answers"]

# A claim of this age is of a writer that is gone.
LONGEST_WRITE_SECONDS = 300.0
_TRIES = 30

COLUMNS: pa.Schema = pa.schema(
    (
        pa.field("series", TEXT, nullable=False),
        pa.field("number", U64, nullable=False),
        pa.field("step", TEXT, nullable=False),  # claimed, committed, aborted
        pa.field("writer", TEXT, nullable=False),
        pa.field("detail", TEXT, nullable=False),  # JSON, of the state (Snapshot.state)
    )
)
TOO_LATE = "The store took longer for this than it may; try again."


class Journal:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._writer = uuid.uuid4().hex
        self._lock = threading.Lock()
        # Numbers up to these are ended, and what they come to.
        self._settled = self._last = Snapshot()

    def look(self) -> Snapshot:
        with self._lock:
            settled = self._settled
        rows = self._client.select(
            "SELECT series, number, toBool(countIf(step = 'committed')) AS committed,"
            " toBool(countIf(step = 'aborted')) AS aborted,"
            " anyIf(detail, step = 'committed') AS detail,"
            " dateDiff('millisecond', min(at), now64(3)) / 1000 AS age,"
            " if(countIf(step = 'claimed') = 1, anyIf(writer, step = 'claimed'), '') AS owner"
            f" FROM {self._table}"
            f" WHERE (series = 'spans' AND number > {_ended(settled.spans)})"
            f" OR (series = 'answers' AND number > {_ended(settled.answers)})"
            " GROUP BY series, number ORDER BY number"
        )
        frame = pl.DataFrame(rows)
        found = fold(settled, frame)
        spans, answers = _ended(found.spans), _ended(found.answers)
        ended = pl.when(pl.col("series") == "spans").then(spans).otherwise(answers)
        with self._lock:
            self._last = found
            if settled is self._settled:
                self._settled = fold(settled, frame.filter(pl.col("number") <= ended))
        return found

    def claim(self, name: Name) -> int:
        """A number of our own, larger than any that is claimed."""
        seen = self._last
        for attempt in range(_TRIES):
            number = seen.series(name).highest + 1
            self._write(name, number, "claimed", "{}")
            seen = self.look()
            claims = seen.series(name).open
            if any(claim.number == number and claim.owner == self._writer for claim in claims):
                return number
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
        """What the state was some time ago, of answers only: what it hides, nobody reads."""
        rows = self._client.select(
            "SELECT number, toBool(countIf(step = 'committed')) AS committed,"
            " toBool(countIf(step = 'aborted')) AS aborted,"
            " anyIf(detail, step = 'committed') AS detail, 0. AS age, '' AS owner,"
            f" 'answers' AS series FROM {self._table}"
            f" WHERE series = 'answers' AND at < now64(3) - INTERVAL {int(seconds)} SECOND"
            " GROUP BY number ORDER BY number"
        )
        return fold(Snapshot(), pl.DataFrame(rows))

    def record(self, name: Name, numbers: Sequence[int]) -> Snapshot:
        """Commit numbers that nobody claimed, all at once."""
        rows = [self._row(name, number, "committed", "{}") for number in numbers]
        token = f"{name}-{numbers[0]}-{numbers[-1]}"
        self._client.insert("journal", pa.Table.from_pylist(rows, schema=COLUMNS), token)
        return self.look()

    def _write(self, name: Name, number: int, step: str, detail: str) -> None:
        rows = [self._row(name, number, step, detail)]
        token = f"{name}-{number}-{'claim' if step == 'claimed' else 'end'}"
        self._client.insert("journal", pa.Table.from_pylist(rows, schema=COLUMNS), token)

    def _row(self, name: Name, number: int, step: str, detail: str) -> dict[str, Any]:
        row = [name, number, step, self._writer, detail]
        return dict(zip(COLUMNS.names, row, strict=True))

    @property
    def _table(self) -> str:
        return f"`{self._client.address.database}`.journal"


def _ended(series: Series) -> int:
    return series.open[0].number - 1 if series.open else series.highest


def fold(settled: Snapshot, rows: pl.DataFrame) -> Snapshot:
    """The state after these rows of the journal, one a number, in order. `settled` is the
    state after all smaller numbers."""
    state = dict(settled.state)
    answers = rows.filter(pl.col("series") == "answers")
    details = answers.filter("committed").filter(~pl.col("detail").is_in(["", "{}"]))
    for number, detail in details.select("number", "detail").iter_rows():
        told = json.loads(detail)
        if "forgotten" in told:
            told["forgotten"] = number
        state |= told
    spans = rows.filter(pl.col("series") == "spans")
    return Snapshot(_fold(settled.spans, spans), _fold(settled.answers, answers), state)


def _fold(settled: Series, rows: pl.DataFrame) -> Series:
    committed = rows.filter("committed")["number"].to_list()
    failed = rows.filter(~pl.col("committed"))
    return Series(
        newest=max([settled.newest, *committed[-1:]]),
        hidden=(*settled.hidden, *failed["number"].to_list()),
        open=tuple(
            Claim(*row)
            for row in failed.filter(~pl.col("aborted")).select("number", "age", "owner").rows()
        ),
        highest=max([settled.highest, *rows["number"].to_list()[-1:]]),
    )
