"""Between the request log and the store: failures, poison, too much, the end."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from collector.admission import Overloaded
from collector.keeping import UnstorableBatch
from collector.request_log import RequestLog
from storage.contract import DataRefused, StoreError
from storage.schema import TRACE_IDS, SpanBatch
from tests.builders import request, span
from tests.unit.collector.held_store import HeldStore, Intake, intake

ALL = pa.table({"trace_hi": [0] * 9, "trace_lo": list(range(9))}, TRACE_IDS)


def run(
    scenario: Callable[[Intake], Awaitable[None]],
    log: Path | None,
    store: HeldStore | None = None,
    **given: Any,
) -> None:
    async def within() -> None:
        async with intake(store or HeldStore(), log, **given) as held:
            await scenario(held)

    asyncio.run(asyncio.wait_for(within(), 60))


def numbered(number: int, name: str = "work") -> bytes:
    return request(span(name, trace=number))


def logged(directory: Path) -> list[bytes]:
    return list(RequestLog(directory).replay())


def trouble_of(held: Intake) -> str | None:
    try:
        held.receiver.check()
    except StoreError as error:
        return str(error)
    return None


class Panic(BaseException):
    """As Polars raises them: no Exception."""


def poisonous(fault: BaseException) -> Callable[[SpanBatch], None]:
    def refuse(given: SpanBatch) -> None:
        if "poison" in given.spans["name"].to_pylist():
            raise fault

    return refuse


FAULTS = [ValueError("bad"), DataRefused("bad"), Panic("bad")]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_one_poisonous_request_is_set_aside_and_the_others_are_stored(
    fault: BaseException, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(held: Intake) -> None:
        held.store.gate.clear()
        await held.receiver.export(numbered(1))
        await held.store.is_entered()
        for number, name in ((2, "work"), (3, "poison"), (4, "work")):
            await held.receiver.export(numbered(number, name))
        held.store.gate.set()
        await held.receiver.flush()
        assert held.store.tried == [1, 3, 1, 1, 1]
        assert held.store.status().traces == 3
        reading = held.receiver.read_measures()
        assert reading.counters["requests_unstorable"] == 1
        await held.receiver.export(numbered(5))  # everything lives on

    run(scenario, tmp_path, HeldStore(poisonous(fault)))
    (kept,) = tmp_path.iterdir()
    assert kept.read_bytes() == numbered(3, "poison")
    assert kept.name.endswith(".otlp.pb")
    (line,) = [message for message in caplog.messages if "ATTENTION" in message]
    assert str(kept) in line
    assert type(fault).__name__ in line
    assert "bad" not in line  # it may quote what was sent


def test_poison_is_set_aside_once_however_often_the_store_fails_behind_it(tmp_path: Path) -> None:
    failures = iter([StoreError("full")] * 3)

    def flaw(given: SpanBatch) -> None:
        names = given.spans["name"].to_pylist()
        if "poison" in names:
            raise DataRefused("bad")
        if names == ["later"] and (failure := next(failures, None)):
            raise failure

    async def scenario(held: Intake) -> None:
        held.store.gate.clear()
        await held.receiver.export(numbered(1))
        await held.store.is_entered()
        await held.receiver.export(numbered(2, "poison"))
        await held.receiver.export(numbered(3, "later"))
        held.store.gate.set()
        await held.receiver.flush()
        assert held.receiver.read_measures().counters["requests_unstorable"] == 1

    run(scenario, tmp_path, HeldStore(flaw))
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_without_a_log_the_sender_of_poison_is_told(fault: BaseException) -> None:
    async def scenario(held: Intake) -> None:
        held.store.gate.clear()
        first = asyncio.create_task(held.receiver.export(numbered(1)))
        await held.store.is_entered()
        rest = [
            asyncio.create_task(held.receiver.export(numbered(number, name)))
            for number, name in ((2, "work"), (3, "poison"), (4, "work"))
        ]
        while held.receiver.waiting_spans < 4:
            await asyncio.sleep(0.01)
        held.store.gate.set()
        good, bad, other = await asyncio.gather(*rest, return_exceptions=True)
        assert (await first, good, other) == (b"", b"", b"")
        assert isinstance(bad, UnstorableBatch)
        assert "bad" in str(bad)
        assert held.store.status().traces == 3

    run(scenario, None, HeldStore(poisonous(fault)))


def test_without_a_log_a_failing_store_fails_the_group_and_may_recover() -> None:
    def fail(_: SpanBatch) -> None:
        raise StoreError("The disk is full.")

    async def scenario(held: Intake) -> None:
        held.store.gate.clear()
        first = asyncio.create_task(held.receiver.export(numbered(1)))
        await held.store.is_entered()
        rest = [asyncio.create_task(held.receiver.export(numbered(n))) for n in (2, 3)]
        while held.receiver.waiting_spans < 3:
            await asyncio.sleep(0.01)
        held.store.gate.set()
        failures = await asyncio.gather(first, *rest, return_exceptions=True)
        assert [str(failure) for failure in failures] == ["The disk is full."] * 3
        assert len(set(map(id, failures))) == 3
        assert held.store.tried == [1, 2]
        held.store.flaw = lambda _: None
        await held.receiver.export(numbered(4))
        assert held.store.status().spans == 1

    run(scenario, None, HeldStore(fail))


def test_while_the_store_fails_nothing_is_lost_and_new_requests_are_refused(
    tmp_path: Path,
) -> None:
    def fail(_: SpanBatch) -> None:
        raise StoreError("The disk is full.")

    async def scenario(held: Intake) -> None:
        await held.receiver.export(numbered(1))
        while trouble_of(held) is None:
            await asyncio.sleep(0.01)
        assert trouble_of(held) == "The disk is full."
        with pytest.raises(StoreError, match="full"):
            await held.receiver.export(numbered(2))
        assert logged(tmp_path) == [numbered(1)]
        held.store.flaw = lambda _: None
        await held.receiver.flush()
        held.receiver.check()
        await held.receiver.export(numbered(3))
        await held.receiver.flush()
        assert held.store.status().traces == 2
        assert logged(tmp_path) == []

    run(scenario, tmp_path, HeldStore(fail))


def test_a_batch_that_is_too_large_for_the_store_gets_in_by_pieces(tmp_path: Path) -> None:
    def limit(given: SpanBatch) -> None:
        if given.spans.num_rows > 1:
            raise StoreError("The store needs more memory than it may use.")

    async def scenario(held: Intake) -> None:
        held.store.gate.clear()
        await held.receiver.export(numbered(1))
        await held.store.is_entered()
        for number in range(2, 6):
            await held.receiver.export(numbered(number))
        held.store.gate.set()
        await held.receiver.flush()
        assert held.store.status().traces == 5
        assert held.store.tried == [1, 4, 4, 4, 1, 1, 1, 1]

    run(scenario, tmp_path, HeldStore(limit))


def test_what_the_store_never_took_is_there_at_the_next_start(tmp_path: Path) -> None:
    def fail(_: SpanBatch) -> None:
        raise StoreError("The disk is full.")

    async def first() -> None:
        async with intake(HeldStore(fail), tmp_path) as held:
            for number in range(1, 4):
                await held.receiver.export(numbered(number))

    async def second() -> None:
        async with intake(HeldStore(), tmp_path) as held:
            assert held.store.status().traces == 3
            assert held.receiver.read_measures().counters["requests_recovered"] == 3

    asyncio.run(asyncio.wait_for(first(), 60))
    assert logged(tmp_path) == [numbered(number) for number in range(1, 4)]
    asyncio.run(asyncio.wait_for(second(), 60))
    assert list(tmp_path.iterdir()) == []


def test_while_the_log_fails_requests_are_refused_and_it_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, broken = RequestLog.append, threading.Event()

    def fail(self: RequestLog, payloads: list[bytes]) -> int:
        if broken.is_set():
            raise StoreError("The request log cannot be used (No space left on device).")
        return append(self, payloads)

    monkeypatch.setattr(RequestLog, "append", fail)

    async def scenario(held: Intake) -> None:
        await held.receiver.export(numbered(1))
        broken.set()
        for number in (2, 3):
            with pytest.raises(StoreError, match="No space left"):
                await held.receiver.export(numbered(number))
        assert "No space left" in str(trouble_of(held))
        broken.clear()
        while trouble_of(held):
            await asyncio.sleep(0.05)
        await held.receiver.export(numbered(4))
        await held.receiver.flush()
        assert trouble_of(held) is None
        # Of what was refused anything may be stored: its senders try again.
        assert {1, 4} <= set(held.store.spans_of(ALL).spans["trace_lo"].to_pylist())

    run(scenario, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_when_too_much_waits_for_the_store_answers_are_delayed_and_then_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.intake.ROW_GROUP", 5)

    async def scenario(held: Intake) -> None:
        held.store.gate.clear()
        with pytest.raises(Overloaded, match="spans wait for the store"):
            await export_all(held, range(1, 12))
        # A batch that is being stored, of five spans or of what came in time, and five more.
        taken = held.receiver.waiting_spans
        assert 5 < taken <= 10
        with pytest.raises(Overloaded, match=f"{taken} spans wait for the store"):
            await held.receiver.export(numbered(12))
        held.store.gate.set()
        await held.receiver.flush()
        await held.receiver.export(numbered(13))
        await held.receiver.flush()
        assert held.store.status().traces == taken + 1

    run(scenario, tmp_path)


async def export_all(held: Intake, numbers: Iterable[int]) -> None:
    for number in numbers:
        await held.receiver.export(numbered(number))


def test_stopping_stores_everything_that_was_acknowledged(tmp_path: Path) -> None:
    async def scenario(held: Intake) -> None:
        held.store.gate.clear()
        answers = [asyncio.create_task(held.receiver.export(numbered(n))) for n in range(1, 9)]
        await asyncio.gather(*answers)
        stopping = asyncio.create_task(held.stop())
        await stopping
        assert held.store.status().traces == 8

    run(scenario, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_others_are_told_of_each_commit_and_of_no_failure() -> None:
    async def scenario(held: Intake) -> None:
        with pytest.raises(UnstorableBatch):
            await held.receiver.export(numbered(1, "poison"))
        assert held.commits == []
        await held.receiver.export(numbered(2))
        await held.receiver.export(numbered(3))

    async def within() -> None:
        async with intake(HeldStore(poisonous(ValueError("bad")))) as held:
            await scenario(held)
        assert held.commits == ["store-writer", "store-writer"]

    asyncio.run(asyncio.wait_for(within(), 60))


def test_a_commit_that_outlives_the_event_loop_is_a_commit() -> None:
    store = HeldStore()
    store.gate.clear()
    left: list[Intake] = []

    async def leave() -> None:
        held = await intake(store).__aenter__()
        left.append(held)
        answer = asyncio.create_task(held.receiver.export(numbered(1)))
        await store.is_entered()
        answer.cancel()

    asyncio.run(leave())
    store.gate.set()
    left[0].receiver.stop()
    assert store.status().spans == 1


def test_a_fault_of_the_writer_stops_the_intake_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise MemoryError

    async def scenario(held: Intake) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(RequestLog, "read", fail)
            await held.receiver.export(numbered(1, "poison"))
            while trouble_of(held) is None:
                await asyncio.sleep(0.01)
        assert "restart" in str(trouble_of(held))
        with pytest.raises(StoreError, match="restart"):
            await held.receiver.export(numbered(2))

    run(scenario, tmp_path, HeldStore(poisonous(ValueError("bad"))))
    assert logged(tmp_path) == [numbered(1, "poison")]


def test_a_fault_of_the_intake_is_answered_and_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, broken = RequestLog.append, threading.Event()

    def fail_once(self: RequestLog, payloads: list[bytes]) -> int:
        if not broken.is_set():
            broken.set()
            raise MemoryError("no room")
        return append(self, payloads)

    monkeypatch.setattr(RequestLog, "append", fail_once)

    async def scenario(held: Intake) -> None:
        with pytest.raises(RuntimeError, match="no room"):
            await held.receiver.export(numbered(1))
        assert await held.receiver.export(numbered(2)) == b""
        await held.receiver.flush()
        assert logged(tmp_path) == []

    run(scenario, tmp_path)
