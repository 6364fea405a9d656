"""What is stored is found again, by whatever process, however little of it that one knows."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import seen
from storage.clickhouse import duplicates
from storage.clickhouse.store import ClickHouseStore
from storage.contract import AppendResult, StoreError
from storage.schema import SpanBatch
from tests.clickhouse.rig import database, empty
from tests.contract.rows import make_batch, span, traces


def batch(*numbers: int) -> SpanBatch:
    return make_batch([span(number // 2, number) for number in numbers])


@pytest.fixture
def store(clickhouse_url: str) -> Iterator[ClickHouseStore]:
    with closing(ClickHouseStore(clickhouse_url)) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_url(clickhouse_server: str) -> Iterator[str]:
    with database(clickhouse_server) as url, closing(ClickHouseStore(url)):
        yield url


BATCHES = st.lists(st.integers(1, 30), min_size=1, max_size=5)
STEPS = st.tuples(st.sampled_from(["append", "append", "append", "restart", "delete"]), BATCHES)


@settings(
    max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(steps=st.lists(st.tuples(STEPS, st.integers(0, 1)), max_size=25))
def test_no_span_is_stored_twice_however_many_ids_there_is_room_for(
    shared_url: str, steps: list[tuple[tuple[str, list[int]], int]]
) -> None:
    empty(shared_url)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(seen, "_SMALLEST", 4)
        patched.setattr(seen, "_LARGEST", 8)
        patched.setattr(duplicates, "_AT_ONCE", 4)
        patched.setattr(duplicates, "_MOST_NAMED", 3)
        stores = [ClickHouseStore(shared_url) for _ in range(2)]
        held: dict[int, set[int]] = {}
        for (what, numbers), which in steps:
            if what == "append":
                known = set().union(*held.values())
                found = stores[which].append(batch(*numbers), 1)
                fresh = set(numbers) - known
                assert (found.stored, found.duplicates) == (len(fresh), len(numbers) - len(fresh))
                held.setdefault(found.generation, set()).update(fresh)
            elif what == "restart":
                stores[which].close()
                stores[which] = ClickHouseStore(shared_url)
            elif held:
                stores[which].delete_until(min(held), traces())
                del held[min(held)]
        assert stores[0].status().spans == sum(map(len, held.values()))
        for store in stores:
            store.close()


def test_a_new_process_reads_a_part_of_the_ids_before_each_append(
    store: ClickHouseStore, clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "_AT_ONCE", 8)
    for number in range(100, 140):
        store.append(batch(number), 1)
    with closing(ClickHouseStore(clickhouse_url)) as new:
        stream, read = new._database.client.stream, list[int]()

        def counted(text: str) -> Iterator[pa.RecordBatch]:
            for rows in stream(text):
                read.append(rows.num_rows)
                yield rows

        monkeypatch.setattr(new._database.client, "stream", counted)
        for number in range(1, 41):
            assert new.append(batch(number, number + 99), 1).duplicates == 1
            assert max(read) <= 8
        assert sum(read) == 40
        # Now that all are known nothing is looked up.
        monkeypatch.setattr(duplicates, "find", lambda *_: pytest.fail("looked up"))
        assert new.append(batch(50), 1).stored == 1


def test_what_one_generation_has_too_much_of_is_read_whole(
    store: ClickHouseStore, clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where many small appends follow a large one."""
    monkeypatch.setattr(duplicates, "_AT_ONCE", 4)
    store.append(batch(*range(1, 30)), 1)
    for number in range(100, 120):
        store.append(batch(number), 1)
    with closing(ClickHouseStore(clickhouse_url)) as new:
        for number in range(200, 220):
            new.append(batch(number), 1)
        assert new._duplicates._known_after == 0
        monkeypatch.setattr(duplicates, "find", lambda *_: pytest.fail("looked up"))
        assert new.append(batch(50), 1).stored == 1


def test_whoever_cannot_read_ids_reads_them_again(
    store: ClickHouseStore, clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(ClickHouseStore(clickhouse_url)) as other:
        other.append(batch(1), 1)
        store.append(batch(2), 2)
        other.append(batch(3), 3)

        def broken(_text: str) -> Iterator[Any]:
            raise StoreError("The line broke.")

        for full in (False, True):
            with monkeypatch.context() as patched:
                patched.setattr(store._database.client, "stream", broken)
                patched.setattr(seen.SeenIds, "full", full)
                with pytest.raises(StoreError, match="broke"):
                    store.append(batch(4), 3)
            assert store.append(batch(1, 2, 3), 4) == AppendResult(3, 0, 3, 0)
