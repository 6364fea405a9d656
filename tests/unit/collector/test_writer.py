"""The writer: commit first, answer then; many requests in one commit."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from collector.writer import GROUP_ROWS, UnstorableBatch, Writer
from storage.contract import AppendResult, StoreError
from storage.schema import SpanBatch
from tests.builders import batch, span
from tests.unit.collector.held_store import HeldStore, intake


def numbered(number: int, name: str = "work") -> SpanBatch:
    return batch(span(name, trace=number))


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 60))


def refuse_poison(given: SpanBatch) -> None:
    if "poison" in given.spans["name"].to_pylist():
        raise ValueError("cannot be stored")


def test_the_answer_comes_after_the_append() -> None:
    async def scenario() -> None:
        store = HeldStore()
        async with intake(store) as held:
            store.gate.clear()
            answer = asyncio.create_task(held.writer.submit(numbered(1)))
            await store.is_entered()
            done, _ = await asyncio.wait([answer], timeout=0.05)
            assert not done
            assert store.status().spans == 0
            store.gate.set()
            assert await answer == AppendResult(generation=1, stored=1, duplicates=0, conflicts=0)
            assert store.status().spans == 1

    run(scenario)


def test_what_arrives_during_a_commit_goes_into_the_next_one_together() -> None:
    async def scenario() -> None:
        store = HeldStore()
        async with intake(store) as held:
            store.gate.clear()
            first = asyncio.create_task(held.writer.submit(numbered(1)))
            await store.is_entered()
            rest = [asyncio.create_task(held.writer.submit(numbered(n))) for n in range(2, 7)]
            await asyncio.sleep(0)
            store.gate.set()
            await first
            results = await asyncio.gather(*rest)
            assert store.tried == [1, 5]
            assert {result.generation for result in results} == {2}
            assert store.status().traces == 6

    run(scenario)


def test_a_group_has_an_upper_bound() -> None:
    async def scenario() -> None:
        store = HeldStore()
        large = batch(*(span(trace=n, id=1) for n in range(1, GROUP_ROWS // 2 + 1)))
        async with intake(store) as held:
            store.gate.clear()
            first = asyncio.create_task(held.writer.submit(numbered(99_999)))
            await store.is_entered()
            rest = [asyncio.create_task(held.writer.submit(large)) for _ in range(3)]
            await asyncio.sleep(0)
            store.gate.set()
            await asyncio.gather(first, *rest)
            assert store.tried == [1, GROUP_ROWS, GROUP_ROWS // 2]

    run(scenario)


def test_the_time_of_storing_is_now() -> None:
    async def scenario() -> None:
        store = HeldStore()
        before = time.time_ns()
        async with intake(store) as held:
            await held.writer.submit(numbered(1))
        assert before <= store.times[0] <= time.time_ns()

    run(scenario)


def test_a_poisonous_member_fails_alone() -> None:
    async def scenario() -> None:
        store = HeldStore(refuse_poison)
        async with intake(store) as held:
            store.gate.clear()
            first = asyncio.create_task(held.writer.submit(numbered(1)))
            await store.is_entered()
            names = {2: "work", 3: "poison", 4: "work"}
            rest = [
                asyncio.create_task(held.writer.submit(numbered(n, name)))
                for n, name in names.items()
            ]
            await asyncio.sleep(0)
            store.gate.set()
            good, bad, other = await asyncio.gather(*rest, return_exceptions=True)
            await first
            assert isinstance(good, AppendResult)
            assert isinstance(other, AppendResult)
            assert isinstance(bad, UnstorableBatch)
            assert "cannot be stored" in str(bad)
            assert store.tried == [1, 3, 1, 1, 1]
            assert store.status().traces == 3
            await held.writer.submit(numbered(5))  # the thread lives on

    run(scenario)


def test_tables_that_cannot_be_joined_fail_alone_too() -> None:
    async def scenario() -> None:
        store = HeldStore()
        odd = numbered(3)
        odd = SpanBatch(
            resources=odd.resources.drop_columns(["attributes"]),
            **{name: getattr(odd, name) for name in SpanBatch.__slots__ if name != "resources"},
        )
        async with intake(store) as held:
            store.gate.clear()
            first = asyncio.create_task(held.writer.submit(numbered(1)))
            await store.is_entered()
            good = asyncio.create_task(held.writer.submit(numbered(2)))
            bad = asyncio.create_task(held.writer.submit(odd))
            await asyncio.sleep(0)
            store.gate.set()
            await asyncio.gather(first, good)
            with pytest.raises(StoreError):
                await bad
            assert store.status().traces == 2

    run(scenario)


class Panic(BaseException):
    """As Polars raises them: no Exception."""


def test_a_panic_below_the_store_does_not_end_the_writer() -> None:
    def panic(given: SpanBatch) -> None:
        if "poison" in given.spans["name"].to_pylist():
            raise Panic("index out of bounds")

    async def scenario() -> None:
        async with intake(HeldStore(panic)) as held:
            with pytest.raises(UnstorableBatch, match="out of bounds"):
                await held.writer.submit(numbered(1, "poison"))
            await held.writer.submit(numbered(2))

    run(scenario)


def test_a_failing_store_fails_the_group_once_and_may_recover() -> None:
    broken = True

    def fail(_: SpanBatch) -> None:
        if broken:
            raise StoreError("The disk is full.")

    async def scenario() -> None:
        nonlocal broken
        store = HeldStore(fail)
        async with intake(store) as held:
            store.gate.clear()
            first = asyncio.create_task(held.writer.submit(numbered(1)))
            await store.is_entered()
            rest = [asyncio.create_task(held.writer.submit(numbered(n))) for n in (2, 3)]
            await asyncio.sleep(0)
            store.gate.set()
            failures = await asyncio.gather(first, *rest, return_exceptions=True)
            assert [str(failure) for failure in failures] == ["The disk is full."] * 3
            assert len(set(map(id, failures))) == 3
            assert store.tried == [1, 2]
            broken = False
            await held.writer.submit(numbered(4))

    run(scenario)


def test_others_are_told_of_each_commit_and_of_no_failure() -> None:
    told: list[str] = []

    def tell() -> None:
        told.append(threading.current_thread().name)
        raise RuntimeError("the listener has a fault")

    async def scenario() -> None:
        writer = Writer(HeldStore(refuse_poison), on_commit=tell)
        writer.start()
        with pytest.raises(UnstorableBatch):
            await writer.submit(numbered(1, "poison"))
        await writer.submit(numbered(2))
        await writer.submit(numbered(3))
        writer.stop()

    run(scenario)
    assert told == ["writer", "writer"]
