"""What the retention loop deletes, and what it does not."""

import time
from dataclasses import replace
from typing import Any

import pytest

from storage import schema
from storage.contract import SpanStore, StoreError, StoreUsage
from storage.engines import open_store
from storage.memory import MemoryStore
from tests.contract.rows import make_batch, span, traces
from tracestitch.analysis import AnalysisLoop
from tracestitch.retention import RetentionLoop, last_old
from tracestitch.steady_clock import SteadyClock

DAY = 86_400
SECOND = 1_000_000_000
NOW = 1_000 * DAY


class Clocks:
    """A wall clock and a monotonic one, in seconds, that go on only when told."""

    def __init__(self) -> None:
        self.wall, self.monotonic = float(NOW), 0.0

    def steady(self) -> SteadyClock:
        return SteadyClock(lambda: int(self.wall * SECOND), lambda: int(self.monotonic * SECOND))

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


class SizedStore(MemoryStore):
    """Takes 100 bytes a span, once reclaimed."""

    def __init__(self) -> None:
        super().__init__()
        self.used = self.log = 0
        self.busy = False
        self.reclaimed = 0

    def usage(self) -> StoreUsage:
        return replace(super().usage(), file_bytes=10**9, used_bytes=self.used, log_bytes=self.log)

    def reclaim(self) -> bool:
        if not self.busy:
            self.used, self.log = self.status().spans * 100, 0
            self.reclaimed += 1
        return not self.busy


def fill(store: SpanStore, *days: float, spans: int = 1) -> None:
    """A generation of so many spans for each, stored so many days ago."""
    for days_ago in days:
        number = store.status().generation + 1
        rows = [span(number, n) for n in range(1, spans + 1)]
        store.append(make_batch(rows), int((NOW - days_ago * DAY) * SECOND))
    store.replace_orphans(traces(), schema.ORPHANS.empty_table(), store.status().generation)


@pytest.fixture(autouse=True)
def _no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """These stores have no checkpoints: deleting begins at nine tenths of the limit."""
    monkeypatch.setattr("tracestitch.retention.ROOM_BYTES", 0)


def retention(store: SpanStore, clocks: Clocks | None = None, **limits: Any) -> RetentionLoop:
    clock = (clocks or Clocks()).steady()
    return RetentionLoop(store, AnalysisLoop(store), clock=clock, **limits)


def believed(store: SpanStore, **limits: Any) -> RetentionLoop:
    """One whose clock went along for long enough."""
    clocks = Clocks()
    loop = retention(store, clocks, **limits)
    clocks.pass_by(600)
    return loop


def left(store: SpanStore) -> list[int]:
    numbers: list[int] = store.oldest_generations(1_000)["generation"].to_pylist()  # type: ignore[assignment] # the column has no nulls
    return numbers


# ------------------------------------------------------------------------ by age


def test_what_was_stored_too_long_ago_is_deleted() -> None:
    store = open_store("memory:")
    fill(store, 9, 8, 6, 1)
    loop = believed(store, max_age_seconds=7 * DAY)
    assert loop.run_once() == 2
    assert loop.run_once() == 0
    assert left(store) == [3, 4]
    assert loop.deleted == {"age": 2, "size": 0}


def test_0_keeps_for_ever() -> None:
    store = open_store("memory:")
    fill(store, 900, 8)
    assert believed(store).run_once() == 0
    assert left(store) == [1, 2]


def test_what_is_not_analysed_stays_until_it_is() -> None:
    store = open_store("memory:")
    fill(store, 9, 8)
    store.replace_orphans(traces(), schema.ORPHANS.empty_table(), 1)
    loop = believed(store, max_age_seconds=7 * DAY)
    assert loop.delete_old() == 1
    assert loop.delete_old() == 0
    assert left(store) == [2]


def test_a_bounded_number_of_spans_is_deleted_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracestitch.retention.MOST_SPANS", 25)
    store = open_store("memory:")
    fill(store, *[8] * 6, spans=10)
    loop = believed(store, max_age_seconds=7 * DAY)
    assert [loop.run_once() for _ in range(3)] == [30, 30, 0]


@pytest.mark.parametrize("jump", [365 * DAY, -365 * DAY, 61])
def test_a_clock_that_jumps_deletes_nothing_until_it_is_believed(jump: float) -> None:
    store, clocks = open_store("memory:"), Clocks()
    fill(store, 8)
    loop = retention(store, clocks, max_age_seconds=30 * DAY)
    clocks.pass_by(600)
    assert loop.delete_old() == 0
    clocks.wall += jump
    for _ in range(10):
        assert loop.delete_old() == 0
        clocks.pass_by(59)
    clocks.wall -= jump  # and it is right again
    for _ in range(20):
        clocks.pass_by(60)
        assert loop.delete_old() == 0
    assert left(store) == [1]


def test_a_clock_is_believed_after_ten_minutes() -> None:
    clocks = Clocks()
    clock = clocks.steady()
    told = []
    for _ in range(11):
        told.append(clock.read())
        clocks.pass_by(60)
    assert told == [None] * 10 + [(NOW + 600) * SECOND]


def test_a_clock_that_is_slewed_is_believed() -> None:
    clocks = Clocks()
    clock = clocks.steady()
    for _ in range(20):
        clocks.pass_by(60)
        clocks.wall += 0.03
        told = clock.read()
    assert told is not None


@pytest.mark.parametrize(
    ("stored_at", "expected"),
    [
        ([], 0),
        ([5, 6], 0),
        ([1, 2, 6], 2),
        ([1, 6, 2], 1),  # not before what was stored earlier
        ([99, 1, 6], 2),  # the clock was ahead for a while
        ([1, 99, 6], 1),
        ([99, 99], 0),
    ],
)
def test_the_last_that_is_old_with_all_before_it(stored_at: list[int], expected: int) -> None:
    generations = list(enumerate(stored_at, 1))
    assert last_old(generations, before=5, now=10) == expected


def test_what_was_stored_by_a_wrong_clock_does_not_keep_what_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tracestitch.retention.MOST_SPANS", 2)
    store = open_store("memory:")
    fill(store, *[-300] * 9, 8, 1)
    loop = believed(store, max_age_seconds=7 * DAY)
    while loop.run_once():
        pass
    assert left(store) == [11]


# ----------------------------------------------------------------------- by size


def test_the_oldest_are_deleted_while_the_store_is_too_large() -> None:
    store = SizedStore()
    fill(store, *[0] * 100, spans=10)
    store.used = 100_000
    loop = retention(store, max_bytes=100_000)
    while loop.run_once():
        pass
    assert store.used <= 88_000
    assert store.used > 86_000
    assert left(store)[-1] == 100
    assert loop.deleted == {"age": 0, "size": 1_000 - store.used // 100}


def test_a_large_log_is_moved_into_the_file_before_anything_is_deleted() -> None:
    store = SizedStore()
    fill(store, *[0] * 10, spans=10)
    store.used, store.log = 0, 99_000
    assert retention(store, max_bytes=100_000).run_once() == 0
    assert (store.used, store.log, store.reclaimed) == (10_000, 0, 1)


def test_what_waits_beside_the_store_is_counted_and_kept() -> None:
    store = SizedStore()
    fill(store, *[0] * 10, spans=10)
    store.used = 10_000
    assert retention(store, max_bytes=100_000, waiting_bytes=lambda: 79_000).run_once() == 0
    assert retention(store, max_bytes=100_000, waiting_bytes=lambda: 81_000).run_once() > 0


def test_nothing_more_is_deleted_while_a_long_read_keeps_the_space() -> None:
    store = SizedStore()
    fill(store, *[0] * 100, spans=10)
    store.used, store.busy = 100_000, True
    loop = retention(store, max_bytes=100_000)
    deleted = loop.run_once()
    assert deleted > 0
    assert [loop.run_once() for _ in range(5)] == [0] * 5
    store.busy = False
    loop.run_once()
    assert store.used == (1_000 - loop.deleted["size"]) * 100


def test_an_empty_store_above_the_limit_deletes_nothing() -> None:
    store = SizedStore()
    store.used = 10**9
    assert retention(store, max_bytes=100_000).run_once() == 0


def test_a_file_that_is_larger_than_allowed_is_told_at_the_start(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in (10**9, 10**9 - 1, 0):  # the file has 10**9 bytes
        loop = retention(SizedStore(), max_bytes=limit)
        monkeypatch.setattr(loop, "run_once", loop._stopping.set)
        loop.start()
        loop.stop()
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("The store's file has 1000 MB, more than --max-size allows")


# ----------------------------------------------------------------------- the loop


def test_the_loop_goes_on_after_the_store_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracestitch.retention._TICK_SECONDS", 0.01)
    store = SizedStore()
    fill(store, *[0] * 100, spans=10)
    store.used = 100_000
    fails = iter([StoreError("The disk is full."), ValueError("odd")])
    usage = store.usage

    def fail_twice() -> StoreUsage:
        for error in fails:
            raise error
        return usage()

    monkeypatch.setattr(store, "usage", fail_twice)
    loop = retention(store, max_bytes=100_000)
    loop.start()
    while store.used > 88_000:
        time.sleep(0.01)
    loop.stop()
    assert loop.deleted["size"] > 0


def test_deleting_and_analysing_take_turns() -> None:
    store = open_store("memory:")
    fill(store, 9)
    analysis = AnalysisLoop(store)
    loop = RetentionLoop(store, analysis)
    seen = []
    delete = store.delete_until

    def look(*given: Any) -> Any:
        seen.append(analysis.turn.locked())
        return delete(*given)

    store.delete_until = look  # type: ignore[assignment] # to look at the lock from inside
    loop.delete_until(1, "age")
    assert seen == [True]
    assert not analysis.turn.locked()


def test_without_a_limit_there_is_no_thread() -> None:
    store = MemoryStore()
    fill(store, 900)
    loop = retention(store)
    loop.start()
    assert loop._thread is None
    loop.stop()
    assert store.status().spans == 1
