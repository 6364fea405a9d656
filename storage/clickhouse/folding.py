"""One row of the journal in place of all that it says of numbers that ended long ago.

What numbers come to is a function of their rows, and these change no more when all have
ended: whoever works it out, and how often, writes the same. It is written before the rows go,
and counts from then on, so whoever works on this may die at any moment, and a reader that sees
some of the rows leaves them out. A claim of such a number is no claim: its writer takes another.
"""

import json
from dataclasses import replace
from itertools import chain

import polars as pl

from storage.clickhouse.snapshot import Series, Snapshot, runs

STEP = "folded"


def series_of(name: str) -> str:
    """The series of the rows that say what the numbers of a series come to, by the last of
    these numbers."""
    return f"{STEP} {name}"


def folded_detail(name: str, snapshot: Snapshot) -> str:
    """JSON: what the numbers of a series come to, all of which ended."""
    series = snapshot.series(name)
    told = {"newest": series.newest, "hidden": list(runs(series.hidden))}
    return json.dumps(told | ({"state": snapshot.state} if name == "answers" else {}))


def apply_folded(settled: Snapshot, rows: pl.DataFrame) -> tuple[Snapshot, pl.DataFrame]:
    """The state after all that rows of the journal say in one, if that is more than is
    settled, and the rows of later numbers."""
    for name in ("spans", "answers"):
        own = rows.filter(pl.col("series") == series_of(name))
        number, detail = own.select("number", "detail").rows()[-1] if own.height else (0, "")
        if number > settled.series(name).ended:
            told = json.loads(detail)
            each = (range(first, last + 1) for first, last in told["hidden"])
            series = Series(told["newest"], tuple(chain.from_iterable(each)), (), number)
            changed = {name: series} | ({"state": told["state"]} if name == "answers" else {})
            settled = replace(settled, **changed)
        old = (pl.col("series") == name) & (pl.col("number") <= settled.series(name).ended)
        rows = rows.filter(~old)
    return settled, rows
