"""Searches of the ClickHouse engine that go back in steps (storage/search_walk.py)."""

from contextlib import closing

import pytest

from storage import search_walk
from storage.contract import Page, SearchQuery
from storage.engines import open_store
from tests.contract.rows import make_batch, span

SPANS = 40
# In whatever order they come: eight traces of five spans.
STARTS = [number * 27 % SPANS for number in range(SPANS)]


def test_steps_neither_leave_out_nor_repeat(
    clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first step is of four spans; every span is in the sample, as their hashes are 0."""
    monkeypatch.setattr(search_walk, "_SAMPLED", 1)
    monkeypatch.setattr(search_walk, "_FIRST_STEP", 4)
    rows = [
        span(n % 8, n + 1, start_time_unix_nano=start, name="odd" if start % 2 else "even")
        for n, start in enumerate(STARTS)
    ]
    newest: dict[int, int] = {}
    for number, start in enumerate(STARTS):
        if start % 2:
            newest[number % 8] = max(start, newest.get(number % 8, -1))
    with closing(open_store(clickhouse_url)) as store:
        store.append(make_batch(rows), 1)
        seen: list[int] = []
        ends: list[int | None] = []
        after: str | None = None
        while not ends or after is not None:
            found = store.search(SearchQuery(name="odd"), Page(3, after), scan=15)
            seen += [row["trace_lo"] for row in found.table.to_pylist()]
            ends.append(found.back_to)
            after = found.next
        nothing = store.search(SearchQuery(name="nothing"), Page(5), scan=10)
    assert seen == sorted(newest, key=lambda trace: -newest[trace])
    assert len(ends) > 2
    assert (nothing.table.num_rows, nothing.back_to) == (0, SPANS - 10)
