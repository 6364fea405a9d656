"""The writer when there is too much, when senders leave, and when it ends."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from collector.admission import Overloaded
from collector.writer import Writer
from storage.schema import SpanBatch
from tests.builders import batch, span
from tests.unit.collector.held_store import HeldStore, intake


def numbered(number: int) -> SpanBatch:
    return batch(span(trace=number))


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_beyond_the_budget_the_answer_is_delayed_and_then_no() -> None:
    async def scenario() -> None:
        store = HeldStore()
        async with intake(store, max_bytes=1) as held:
            store.gate.clear()
            first = asyncio.create_task(held.writer.submit(numbered(1)))
            await store.is_entered()
            with pytest.raises(Overloaded):
                await held.writer.submit(numbered(2))
            store.gate.set()
            await first
            await held.writer.submit(numbered(2))
            assert store.status().traces == 2

    run(scenario)


def test_a_delayed_batch_is_stored_when_there_is_room_again() -> None:
    async def scenario() -> None:
        store = HeldStore()
        async with intake(store, max_bytes=1, patience=30) as held:
            store.gate.clear()
            answers = [asyncio.create_task(held.writer.submit(numbered(1)))]
            await store.is_entered()
            # Waits alone: it is larger than the budget.
            answers.append(asyncio.create_task(held.writer.submit(numbered(2))))
            await asyncio.sleep(0)
            store.gate.set()
            await asyncio.gather(*answers)
            assert store.status().traces == 2

    run(scenario)


def test_a_cancelled_sender_is_stored_and_disturbs_nobody() -> None:
    async def scenario() -> None:
        store = HeldStore()
        async with intake(store, max_bytes=1) as held:
            store.gate.clear()
            answer = asyncio.create_task(held.writer.submit(numbered(1)))
            await store.is_entered()
            answer.cancel()
            with pytest.raises(asyncio.CancelledError):
                await answer
            store.gate.set()
            while not store.status().spans:
                await asyncio.sleep(0.01)
            await held.writer.submit(numbered(2))  # its bytes were given back

    run(scenario)


def test_who_shares_a_commit_with_a_cancelled_sender_is_answered() -> None:
    async def scenario() -> None:
        store = HeldStore()
        async with intake(store) as held:
            store.gate.clear()
            first = asyncio.create_task(held.writer.submit(numbered(1)))
            await store.is_entered()
            gone, here = (asyncio.create_task(held.writer.submit(numbered(n))) for n in (2, 3))
            await asyncio.sleep(0)
            gone.cancel()
            store.gate.set()
            await first
            assert (await here).stored == 2
            assert store.tried == [1, 2]

    run(scenario)


def test_stopping_commits_everything_that_was_admitted() -> None:
    async def scenario() -> None:
        store = HeldStore()
        store.gate.clear()
        writer = Writer(store, on_commit=lambda: None)
        writer.start()
        answers = [asyncio.create_task(writer.submit(numbered(n))) for n in range(1, 6)]
        await store.is_entered()
        stopping = asyncio.create_task(asyncio.to_thread(writer.stop))
        store.gate.set()
        await stopping
        await asyncio.gather(*answers)
        assert store.status().traces == 5
        with pytest.raises(Overloaded, match="shutting down"):
            await writer.submit(numbered(6))
        writer.stop()  # again: nothing happens

    run(scenario)


def test_a_writer_that_was_never_started_stops_and_refuses() -> None:
    async def scenario() -> None:
        writer = Writer(HeldStore(), on_commit=lambda: None, max_bytes=1)
        writer.stop()
        for number in (1, 2):  # the first one holds nothing
            with pytest.raises(Overloaded, match="shutting down"):
                await writer.submit(numbered(number))

    run(scenario)


def test_a_commit_that_outlives_the_event_loop_is_a_commit() -> None:
    store = HeldStore()
    store.gate.clear()
    writer = Writer(store, on_commit=lambda: None)
    writer.start()

    async def leave() -> None:
        answer = asyncio.create_task(writer.submit(numbered(1)))
        await store.is_entered()
        answer.cancel()

    asyncio.run(leave())
    store.gate.set()
    writer.stop()
    assert store.status().spans == 1
