"""Searches of the DuckDB engine that go back in steps."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import search_walk
from storage.contract import Page, SearchQuery, SpanStore
from storage.engines import open_store
from tests.contract.rows import correlated, make_batch, span

SPANS = 60
# In whatever order they come: twelve traces of five spans.
STARTS = [number * 37 % SPANS for number in range(SPANS)]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SpanStore]:
    """The first step is of four spans; every span is in the sample, as their hashes are 0."""
    monkeypatch.setattr(search_walk, "_SAMPLED", 1)
    monkeypatch.setattr(search_walk, "_FIRST_STEP", 4)
    opened = open_store(f"duckdb:{tmp_path}")
    for first in range(0, SPANS, 20):
        rows = [
            span(
                n % 12,
                n + 1,
                start_time_unix_nano=STARTS[n],
                name="odd" if STARTS[n] % 2 else "even",
            )
            for n in range(first, first + 20)
        ]
        opened.append(make_batch(rows), 1)
    yield opened
    opened.close()


def _newest(condition: str | None = None) -> list[int]:
    newest: dict[int, int] = {}
    for number, start in enumerate(STARTS):
        if condition is None or condition == ("odd" if start % 2 else "even"):
            newest[number % 12] = max(start, newest.get(number % 12, -1))
    return sorted(newest, key=lambda trace: -newest[trace])


@pytest.mark.parametrize("name", [None, "odd"])
@pytest.mark.parametrize("size", [3, 100])
@pytest.mark.parametrize("scan", [None, 7, 1000])
def test_steps_neither_leave_out_nor_repeat(
    store: SpanStore, name: str | None, size: int, scan: int | None
) -> None:
    seen: list[int] = []
    after: str | None = None
    for _ in range(10 * SPANS):
        found = store.search(SearchQuery(name=name), Page(size, after), scan)
        seen += [row["trace_lo"] for row in found.table.to_pylist()]
        after = found.next
        if after is None:
            break
    assert after is None
    assert seen == _newest(name)


def test_a_page_tells_how_far_back_the_search_came(store: SpanStore) -> None:
    nothing = SearchQuery(name="nothing")
    found = store.search(nothing, Page(5), scan=10)
    assert (found.table.num_rows, found.back_to) == (0, 50)
    further = store.search(nothing, Page(5, found.next), scan=20)
    assert (further.table.num_rows, further.back_to) == (0, 31)
    whole = store.search(nothing, Page(5))
    assert (whole.table.num_rows, whole.next, whole.back_to) == (0, None, None)
    late = store.search(SearchQuery(name="nothing", start=45, end=58), Page(5), scan=10)
    assert late.back_to == 48


def test_recent_values_are_right_where_many_spans_share_one(tmp_path: Path) -> None:
    opened = open_store(f"duckdb:{tmp_path}")
    for number in range(80):
        row = span(number, number + 1, start_time_unix_nano=number)
        own = correlated(row, f"w{number}", "w")
        values = [correlated(row, "same" if number > 2 else f"v{number}"), own]
        opened.append(make_batch([row], correlation=values), 1)
    assert opened.recent_correlation("order.id", 2) == ["same", "v2"]
    opened.close()
