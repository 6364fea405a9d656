"""Of a span that several writers stored at the same moment one copy is left, whoever dies."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from itertools import product

import polars as pl
import pyarrow as pa
import pytest

from storage import schema
from storage.clickhouse import copies, leases
from storage.clickhouse.database import Session
from storage.clickhouse.duplicates import Duplicates
from storage.clickhouse.store import ClickHouseStore
from storage.contract import AppendResult, StoreError
from storage.memory_frames import Frames
from tests.clickhouse.rig import database, empty
from tests.contract.rows import messages, traces

Three = tuple[ClickHouseStore, ClickHouseStore, ClickHouseStore]
# Where a writer dies, by the table that it inserts into last and how often it did before.
DEATHS = {"claimed": ("resources", 0), "half": ("spans", 0), "inserted": ("journal", 1), "": None}


@pytest.fixture(scope="module")
def shared_url(clickhouse_server: str) -> Iterator[str]:
    with database(clickhouse_server) as url, closing(ClickHouseStore(url)):
        yield url


@pytest.fixture
def three(shared_url: str) -> Iterator[Three]:
    """Two that store, and one that analyses."""
    empty(shared_url)
    with ExitStack() as stack:
        one, other, analyzer = (
            stack.enter_context(closing(ClickHouseStore(shared_url))) for _ in range(3)
        )
        yield one, other, analyzer


class Between(Duplicates):
    """Lets something happen once, after the look for duplicates: before the claim, or after it."""

    def __init__(self, happen: Callable[[], object], *, claimed: bool = True) -> None:
        super().__init__()
        self._happen, self._claimed = happen, claimed

    def drop(self, session: Session, batch: Frames) -> tuple[Frames, int]:
        found = super().drop(session, batch)
        if not self._claimed:
            self._once()
        return found

    def add(self, spans: pl.DataFrame, generation: int) -> None:
        super().add(spans, generation)
        self._once()

    def _once(self) -> None:
        happen, self._happen = self._happen, lambda: None
        happen()


def analyse(store: ClickHouseStore) -> None:
    assert store.claim_analysis() > 0
    newest = store.generations()[0]
    store.replace_orphans(traces(), schema.ORPHANS.empty_table(), newest)


def held(store: ClickHouseStore) -> list[int]:
    """How many spans are read, with their links and messages, and counted."""
    found = store.spans_of(traces(1, 2, 3, 4))
    assert found.spans.num_rows == found.links.num_rows == found.messaging.num_rows
    return [found.spans.num_rows, store.status().spans]


def test_a_span_that_two_store_at_the_same_moment_is_there_once_when_it_is_analysed(
    three: Three,
) -> None:
    one, other, analyzer = three
    # `one` has claimed generation 1 and looked for duplicates when `other` stores them
    one._duplicates = Between(lambda: other.append(messages(1, 2), 1))
    assert one.append(messages(1, 3), 1) == AppendResult(1, 2, 0, 0)
    assert held(analyzer) == [3, 4]
    analyse(analyzer)
    assert held(analyzer) == [3] * 2
    with one._database.read() as session:
        left = session.select("SELECT generation FROM spans WHERE trace_lo = 1")
    assert left["generation"].to_pylist() == [1]


def test_what_another_stores_between_the_look_and_the_claim_is_found_too(three: Three) -> None:
    one, other, analyzer = three
    one._duplicates = Between(lambda: other.append(messages(1, 2), 1), claimed=False)
    one.append(messages(1, 2), 1)
    one._duplicates = Between(lambda: other.append(messages(3), 1), claimed=False)
    one.append(messages(3, 4), 1)
    analyse(analyzer)
    assert held(analyzer) == [4] * 2


def test_all_copies_but_one_go(three: Three) -> None:
    one, other, analyzer = three
    other._duplicates = Between(lambda: analyzer.append(messages(1, 2, 4), 1))
    one._duplicates = Between(lambda: other.append(messages(1, 2), 1))
    one.append(messages(1, 3), 1)
    assert held(analyzer) == [4, 7]
    analyse(analyzer)
    assert held(analyzer) == [4] * 2


def die(store: ClickHouseStore, patched: pytest.MonkeyPatch, death: tuple[str, int] | None) -> None:
    """From that insert on no other arrives."""
    insert, done = store._database.client.insert, list[str]()

    def dying(into: str, rows: pa.Table, token: str) -> None:
        if death is not None and (into, done.count(into)) == death:
            done.append("")
        if "" in done:
            raise StoreError("The line broke.")
        insert(into, rows, token)
        done.append(into)

    patched.setattr(store._database.client, "insert", dying)


@pytest.mark.parametrize(("first", "second"), list(product(DEATHS, DEATHS)))
def test_wherever_two_die_that_store_one_span_each_is_stored_once_in_the_end(
    three: Three, monkeypatch: pytest.MonkeyPatch, first: str, second: str
) -> None:
    one, other, analyzer = three

    def store_too() -> None:
        with suppress(StoreError):
            other.append(messages(1, 2), 1)

    die(one, monkeypatch, DEATHS[first])
    die(other, monkeypatch, DEATHS[second])
    one._duplicates = Between(store_too)
    with suppress(StoreError):
        one.append(messages(1, 3), 1)
    monkeypatch.setattr(leases, "LONGEST_WRITE_SECONDS", -1.0)  # whoever is gone is known to be
    analyse(analyzer)
    acknowledged = (set() if first else {1, 3}) | (set() if second else {1, 2})
    assert held(analyzer) == [len(acknowledged)] * 2
    analyzer.append(messages(1, 2, 3), 2)  # what was not acknowledged is sent again
    analyse(analyzer)
    assert held(analyzer) == [3] * 2


@pytest.mark.parametrize("deletes", [0, 1, 3, 4])
def test_whoever_dies_while_it_takes_copies_out_leaves_the_rest_to_the_next(
    three: Three, monkeypatch: pytest.MonkeyPatch, deletes: int
) -> None:
    one, other, analyzer = three
    one._duplicates = Between(lambda: other.append(messages(1, 2), 1))
    one.append(messages(1, 2), 1)
    command, left = analyzer._database.client.command, iter(range(deletes))

    def dying(text: str) -> None:
        if next(left, None) is None:
            raise StoreError("The line broke.")
        command(text)

    with monkeypatch.context() as patched:
        patched.setattr(analyzer._database.client, "command", dying)
        with suppress(StoreError):
            analyse(analyzer)
    analyzer.close()
    analyse(other)
    assert held(other) == [2] * 2
    assert other.generations() == (2, 2)


def test_appends_one_after_the_other_are_not_looked_at_again(
    three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, analyzer = three
    one.append(messages(1, 2), 1)
    other.append(messages(2, 3), 1)
    monkeypatch.setattr(copies, "statement", lambda name: pytest.fail(name))
    analyse(analyzer)
    assert held(analyzer) == [3] * 2
