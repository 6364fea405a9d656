"""A kept value: worked out once for many who ask, and never waited for too long."""

import threading

import pytest

from storage.contract import StoreError
from web.kept import MOST_AT_ONCE, Kept, KeptAnswers

PATIENCE = 30.0  # nobody waits that long: the worker is done at once


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Work:
    """Gives 1, 2, 3 …, each at the cost of some seconds."""

    def __init__(self, clock: Clock, cost: float) -> None:
        self._clock, self._cost, self.count = clock, cost, 0

    def __call__(self) -> int:
        self._clock.now += self._cost
        self.count += 1
        return self.count


def test_a_value_is_kept_for_twenty_times_its_cost() -> None:
    clock = Clock()
    work, kept = Work(clock, 0.5), Kept[int](clock)

    assert kept.get(work, PATIENCE) == (1, 0.0)
    clock.now += 9.75
    assert kept.get(work, PATIENCE) == (1, 9.75)
    clock.now += 0.25
    assert kept.get(work, PATIENCE) == (2, 0.0)


def test_a_value_that_nobody_asked_for_in_a_long_time_is_not_shown() -> None:
    clock, go_on = Clock(), threading.Event()
    work, kept = Work(clock, 0.5), Kept[int](clock)
    kept.get(work, PATIENCE)

    def slow() -> int:
        go_on.wait(PATIENCE)
        return work()

    clock.now += 9.0
    assert kept.get(slow, 0.0, 1.0) == (1, 9.0)  # nothing newer is on its way
    clock.now += 50.0
    assert kept.get(slow, 0.0, 60.0) == (1, 59.0)
    clock.now += 2.0
    assert kept.get(slow, 0.0, 60.0) is None
    go_on.set()
    assert kept.get(work, PATIENCE, 60.0) is not None


def test_a_cheap_value_is_always_new() -> None:
    clock = Clock()
    work, kept = Work(clock, 0.0), Kept[int](clock)

    assert [kept.get(work, PATIENCE) for _ in range(3)] == [(1, 0.0), (2, 0.0), (3, 0.0)]


def test_who_has_no_patience_gets_the_value_before_and_nobody_starts_a_second_work() -> None:
    clock, go_on, begun = Clock(), threading.Event(), threading.Event()
    work, kept = Work(clock, 0.0), Kept[int](clock)

    def slow() -> int:
        begun.set()
        go_on.wait(PATIENCE)
        return work()

    assert kept.get(slow, 0.0) is None
    begun.wait(PATIENCE)
    assert kept.get(work, 0.0) is None
    assert work.count == 0
    go_on.set()
    assert kept.get(work, PATIENCE) is not None


def test_of_a_store_that_cannot_be_read_there_is_no_value() -> None:
    clock = Clock()
    work, kept = Work(clock, 0.0), Kept[int](clock)

    def fail() -> int:
        raise StoreError("closed")

    assert kept.get(work, PATIENCE) == (1, 0.0)
    assert kept.get(fail, PATIENCE) is None
    assert kept.get(work, PATIENCE) == (2, 0.0)


def test_what_failed_is_tried_again_after_as_long_as_it_took() -> None:
    clock = Clock()
    work, kept = Work(clock, 3.0), Kept[int](clock)

    def fail() -> int:
        work()
        raise StoreError("too much at once")

    assert kept.get(fail, PATIENCE) is None
    clock.now += 2.0
    assert kept.get(work, PATIENCE) is None
    assert isinstance(kept.failed, StoreError)
    clock.now += 1.0
    assert kept.get(work, PATIENCE) == (2, 0.0)
    assert kept.failed is None


def test_an_error_is_not_told_while_it_is_tried_again() -> None:
    kept, go_on = KeptAnswers[int](), threading.Event()

    def fail() -> int:
        raise StoreError("closed")

    def slow() -> int:
        go_on.wait(PATIENCE)
        return 7

    with pytest.raises(StoreError):
        kept.get("orders", fail, PATIENCE)
    assert kept.get("orders", slow, 0.0) is None
    go_on.set()
    assert kept.get("orders", slow, PATIENCE) == 7


def test_a_fault_is_logged_and_the_next_work_begins(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    work, kept = Work(clock, 0.0), Kept[int](clock)

    def fail() -> int:
        raise ValueError("odd")

    assert kept.get(fail, PATIENCE) is None
    assert "tried again" in caplog.text
    assert kept.get(work, PATIENCE) == (1, 0.0)


def test_who_asks_for_an_answer_learns_why_there_is_none() -> None:
    kept = KeptAnswers[int]()

    def fail() -> int:
        raise StoreError("closed")

    with pytest.raises(StoreError, match="closed"):
        kept.get("orders", fail, PATIENCE)
    assert kept.get("orders", lambda: 7, PATIENCE) == 7


def test_many_questions_at_once_do_not_all_begin_work() -> None:
    kept, begun, go_on = KeptAnswers[int](), threading.Semaphore(0), threading.Event()

    def slow() -> int:
        begun.release()
        go_on.wait(PATIENCE)
        return 1

    for asked in range(MOST_AT_ONCE):
        assert kept.get(asked, slow, 0.0) is None
        assert begun.acquire(timeout=PATIENCE)
    assert kept.get("one more", lambda: 2, PATIENCE) is None
    go_on.set()
    assert [kept.get(asked, slow, PATIENCE) for asked in range(MOST_AT_ONCE)] == [1] * MOST_AT_ONCE
    assert kept.get("one more", lambda: 2, PATIENCE) == 2


def test_work_that_fails_gives_its_turn_back() -> None:
    kept = KeptAnswers[int]()

    def fail() -> int:
        raise StoreError("closed")

    for asked in range(MOST_AT_ONCE + 1):
        with pytest.raises(StoreError):
            kept.get(asked, fail, PATIENCE)


def test_work_that_found_no_thread_is_begun_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = KeptAnswers[int]()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        for _ in range(MOST_AT_ONCE):
            with pytest.raises(RuntimeError):
                kept.get("orders", lambda: 7, PATIENCE)
    assert kept.get("orders", lambda: 7, PATIENCE) == 7
