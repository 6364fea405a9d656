"""The budget of bytes."""

import asyncio

import pytest

from collector.admission import ByteBudget, Overloaded


def test_what_does_not_fit_waits_for_what_is_released() -> None:
    async def scenario() -> None:
        budget = ByteBudget(10, patience=30)
        await budget.reserve(8)
        second = asyncio.create_task(budget.reserve(5))
        await asyncio.sleep(0)
        assert not second.done()
        budget.release(8)
        await second

    asyncio.run(scenario())


def test_patience_has_an_end() -> None:
    async def scenario() -> None:
        budget = ByteBudget(10, patience=0.01)
        await budget.reserve(8)
        with pytest.raises(Overloaded, match="10 bytes"):
            await budget.reserve(5)
        budget.release(8)
        await budget.reserve(10)  # who gave up holds nothing

    asyncio.run(scenario())


def test_more_than_the_whole_budget_is_let_in_alone() -> None:
    async def scenario() -> None:
        budget = ByteBudget(10, patience=0.01)
        await budget.reserve(50)
        with pytest.raises(Overloaded):
            await budget.reserve(1)
        budget.release(50)
        await budget.reserve(1)

    asyncio.run(scenario())


def test_too_much_waiting_is_refused_at_once() -> None:
    async def scenario() -> None:
        budget = ByteBudget(10, patience=30)
        await budget.reserve(10)
        waiting = asyncio.create_task(budget.reserve(8))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="waiting"):
            await budget.reserve(3)
        budget.release(10)
        await waiting

    asyncio.run(scenario())


def test_the_first_in_line_is_not_overtaken_by_a_smaller_one() -> None:
    async def scenario() -> None:
        admitted: list[int] = []
        budget = ByteBudget(10, patience=30)

        async def enter(size: int) -> None:
            await budget.reserve(size)
            admitted.append(size)

        await budget.reserve(6)
        tasks = [asyncio.create_task(enter(size)) for size in (7, 1)]
        await asyncio.sleep(0)
        assert admitted == []
        budget.release(6)
        await asyncio.gather(*tasks)
        assert admitted == [7, 1]

    asyncio.run(scenario())


@pytest.mark.parametrize("released_before", [False, True])
def test_a_cancelled_wait_holds_nothing(released_before: bool) -> None:
    async def scenario() -> None:
        budget = ByteBudget(10, patience=30)
        await budget.reserve(10)
        waiting = asyncio.create_task(budget.reserve(10))
        await asyncio.sleep(0)
        if released_before:
            budget.release(10)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        if not released_before:
            budget.release(10)
        await budget.reserve(10)

    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_the_next_moves_up_when_the_first_in_line_gives_up() -> None:
    async def scenario() -> None:
        budget = ByteBudget(10, patience=30)
        await budget.reserve(6)
        large = asyncio.create_task(budget.reserve(7))
        await asyncio.sleep(0)
        small = asyncio.create_task(budget.reserve(2))
        await asyncio.sleep(0)
        large.cancel()
        await small

    asyncio.run(asyncio.wait_for(scenario(), 20))
