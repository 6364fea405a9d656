"""Taking in: one sync for a group, answers after it, batches when they are worth it."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from collector import intake as intake_module
from collector.decoded import BatchBuilder, UndecodableRequest
from collector.request_log import RequestLog
from tests.builders import request, span
from tests.unit.collector.held_store import HeldDecoder, HeldStore, Intake, intake

Scenario = Callable[[Intake], Awaitable[None]]


def run(scenario: Scenario, log: Path | None, **given: Any) -> None:
    async def within() -> None:
        async with intake(given.pop("store", None) or HeldStore(), log, **given) as held:
            await scenario(held)

    asyncio.run(asyncio.wait_for(within(), 60))


def numbered(number: int) -> bytes:
    return request(span(trace=number))


def logged(directory: Path) -> list[bytes]:
    return list(RequestLog(directory).replay())


def test_with_a_log_the_answer_does_not_wait_for_the_store(tmp_path: Path) -> None:
    async def scenario(held: Intake) -> None:
        held.store.gate.clear()
        for number in range(1, 4):
            assert await held.receiver.export(numbered(number)) == b""
        assert held.store.status().spans == 0
        assert logged(tmp_path) == [numbered(number) for number in range(1, 4)]
        assert held.receiver.waiting_spans == 3

    run(scenario, tmp_path)


def test_without_a_log_the_answer_waits_for_the_store() -> None:
    async def scenario(held: Intake) -> None:
        held.store.gate.clear()
        answer = asyncio.create_task(held.receiver.export(numbered(1)))
        await held.store.is_entered()
        done, _ = await asyncio.wait([answer], timeout=0.05)
        assert not done
        held.store.gate.set()
        assert await answer == b""
        assert held.store.status().spans == 1

    run(scenario, None)


def test_without_a_log_what_arrives_during_a_commit_goes_into_the_next_together() -> None:
    async def scenario(held: Intake) -> None:
        held.store.gate.clear()
        first = asyncio.create_task(held.receiver.export(numbered(1)))
        await held.store.is_entered()
        rest = [asyncio.create_task(held.receiver.export(numbered(n))) for n in range(2, 7)]
        while held.receiver.waiting_spans < 6:
            await asyncio.sleep(0.01)
        held.store.gate.set()
        await asyncio.gather(first, *rest)
        assert held.store.tried == [1, 5]

    run(scenario, None)


def test_what_waits_is_logged_with_one_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: list[int] = []
    append = RequestLog.append

    def count(self: RequestLog, payloads: list[bytes]) -> int:
        groups.append(len(payloads))
        return append(self, payloads)

    monkeypatch.setattr(RequestLog, "append", count)
    decoder = HeldDecoder()

    async def scenario(held: Intake) -> None:
        decoder.gate.clear()
        first = asyncio.create_task(held.receiver.export(numbered(1)))
        await decoder.is_entered()
        rest = [asyncio.create_task(held.receiver.export(numbered(n))) for n in range(2, 12)]
        rest.append(asyncio.create_task(held.receiver.export(b"\xff")))
        await asyncio.sleep(0)
        decoder.gate.set()
        await asyncio.gather(first, *rest[:-1])
        with pytest.raises(UndecodableRequest):
            await rest[-1]
        assert groups == [11]

    run(scenario, tmp_path, decoder=decoder)


def test_nothing_of_a_request_without_good_spans_is_logged(tmp_path: Path) -> None:
    async def scenario(held: Intake) -> None:
        assert await held.receiver.export(b"") == b""
        assert await held.receiver.export(request(span(trace=0))) != b""
        with pytest.raises(UndecodableRequest):
            await held.receiver.export(b"\xff")
        assert list(tmp_path.iterdir()) == []

    run(scenario, tmp_path)


def test_resources_without_spans_do_not_gather_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "SEAL_BYTES", 100_000)
    made: list[BatchBuilder] = []

    class Counting(HeldDecoder):
        def builder(self) -> BatchBuilder:
            made.append(super().builder())
            return made[-1]

    async def scenario(held: Intake) -> None:
        for number in range(20):
            resource = {"service.name": f"{number}" + "x" * 10_000}
            await held.receiver.export(request(span(id=0, resource=resource)))
            assert made[-1].nbytes < 200_000
        assert len(made) > 1
        assert await held.receiver.export(numbered(1)) == b""
        await held.receiver.flush()
        assert held.store.tried == [1]

    run(scenario, tmp_path, decoder=Counting())


def test_after_a_quiet_moment_everything_is_in_the_store_and_the_log_empty(
    tmp_path: Path,
) -> None:
    async def scenario(held: Intake) -> None:
        for number in range(1, 4):
            await held.receiver.export(numbered(number))
        while held.receiver.waiting_spans:
            await asyncio.sleep(0.01)
        assert held.store.status().spans == 3
        assert logged(tmp_path) == []
        assert set(held.commits) == {"store-writer"}

    run(scenario, tmp_path)


def test_a_reader_gets_what_was_acknowledged_before_it_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "QUIET_SECONDS", 1_000.0)
    monkeypatch.setattr(intake_module, "OLDEST_SECONDS", 1_000.0)

    async def scenario(held: Intake) -> None:
        await held.receiver.flush()
        for number in range(1, 4):
            await held.receiver.export(numbered(number))
            await held.receiver.flush()
            assert held.store.status().spans == number
        await asyncio.gather(*(held.receiver.export(numbered(n)) for n in range(4, 40)))
        await asyncio.gather(*(held.receiver.flush() for _ in range(10)))
        assert held.store.status().spans == 39

    run(scenario, tmp_path)


def test_a_reader_that_gives_up_disturbs_nobody(tmp_path: Path) -> None:
    async def scenario(held: Intake) -> None:
        held.store.gate.clear()
        await held.receiver.export(numbered(1))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(held.receiver.flush(), 0.02)
        patient = asyncio.create_task(held.receiver.flush())
        await asyncio.sleep(0)
        held.store.gate.set()
        await patient
        assert held.store.status().spans == 1

    run(scenario, tmp_path)


def test_while_the_store_is_busy_spans_gather_for_one_batch(tmp_path: Path) -> None:
    async def scenario(held: Intake) -> None:
        held.store.gate.clear()
        await held.receiver.export(numbered(1))
        await held.store.is_entered()
        for number in range(2, 20):
            await held.receiver.export(numbered(number))
            await asyncio.sleep(0.01)
        held.store.gate.set()
        await held.receiver.flush()
        assert held.store.tried == [1, 18]

    run(scenario, tmp_path)


def test_a_whole_row_group_is_stored_without_waiting_for_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "QUIET_SECONDS", 1_000.0)
    monkeypatch.setattr(intake_module, "OLDEST_SECONDS", 1_000.0)
    monkeypatch.setattr(intake_module, "ROW_GROUP", 10)

    async def scenario(held: Intake) -> None:
        four = [request(*(span(trace=t, id=n) for n in range(1, 5))) for t in range(1, 4)]
        for payload in four:
            await held.receiver.export(payload)
        while held.receiver.waiting_spans:
            await asyncio.sleep(0.01)
        assert held.store.tried == [12]

    run(scenario, tmp_path)


def test_what_a_full_builder_has_no_room_for_is_in_the_next_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "QUIET_SECONDS", 1_000.0)
    monkeypatch.setattr(intake_module, "OLDEST_SECONDS", 1_000.0)
    monkeypatch.setattr(intake_module, "ROW_GROUP", 3)
    decoder = HeldDecoder()

    async def scenario(held: Intake) -> None:
        decoder.gate.clear()
        first = asyncio.create_task(held.receiver.export(numbered(1)))
        await decoder.is_entered()
        sent = [asyncio.create_task(held.receiver.export(numbered(n))) for n in range(2, 10)]
        await asyncio.sleep(0)
        decoder.gate.set()
        assert await asyncio.gather(first, *sent) == [b""] * 9
        await held.receiver.flush()
        assert decoder.seen == [numbered(n) for n in range(1, 10)]
        assert held.store.tried == [3, 3, 3]

    run(scenario, tmp_path, decoder=decoder, patience=30.0)


def test_the_oldest_span_does_not_wait_for_a_quiet_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "QUIET_SECONDS", 1_000.0)
    monkeypatch.setattr(intake_module, "OLDEST_SECONDS", 0.05)

    async def scenario(held: Intake) -> None:
        await held.receiver.export(numbered(1))
        while held.receiver.waiting_spans:
            await asyncio.sleep(0.01)
        assert held.store.tried == [1]

    run(scenario, tmp_path)


def test_the_time_of_storing_is_now(tmp_path: Path) -> None:
    async def scenario(held: Intake) -> None:
        before = time.time_ns()
        await held.receiver.export(numbered(1))
        await held.receiver.flush()
        assert before <= held.store.times[0] <= time.time_ns()

    run(scenario, tmp_path)


class Panic(BaseException):
    """As a native decoder raises them: no Exception."""


@pytest.mark.parametrize("with_log", [True, False])
def test_a_panic_of_the_decoder_is_answered_and_costs_no_other_request(
    tmp_path: Path, with_log: bool
) -> None:
    def panic(payload: bytes) -> None:
        if b"poison" in payload:
            raise Panic("index out of bounds")

    async def scenario(held: Intake) -> None:
        # Before, beside and after it.
        assert await held.receiver.export(numbered(1)) == b""
        decoder.gate.clear()
        decoder.entered.clear()
        before = asyncio.create_task(held.receiver.export(numbered(2)))
        await decoder.is_entered()
        poison = asyncio.create_task(held.receiver.export(request(span("poison", trace=9))))
        beside = asyncio.create_task(held.receiver.export(numbered(3)))
        await asyncio.sleep(0)
        decoder.gate.set()
        with pytest.raises(RuntimeError, match="out of bounds"):
            await poison
        assert await before == await beside == b""
        assert await held.receiver.export(numbered(4)) == b""
        await held.receiver.flush()
        assert held.store.status().traces == 4

    decoder = HeldDecoder(panic)
    run(scenario, tmp_path if with_log else None, decoder=decoder)


def test_a_batch_that_cannot_be_made_is_made_again_from_the_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collector.python_decoder import PythonBuilder

    seal, broken = PythonBuilder.seal, threading.Event()

    def fail_once(self: PythonBuilder) -> Any:
        if not broken.is_set():
            broken.set()
            raise ValueError("columns of different lengths")
        return seal(self)

    monkeypatch.setattr(PythonBuilder, "seal", fail_once)

    async def scenario(held: Intake) -> None:
        await asyncio.gather(*(held.receiver.export(numbered(n)) for n in range(1, 6)))
        await held.receiver.flush()
        assert held.store.status().traces == 5

    run(scenario, tmp_path, decoder=HeldDecoder())


def test_everything_is_counted(tmp_path: Path) -> None:
    async def scenario(held: Intake) -> None:
        await held.receiver.export(request(span(trace=1), span(trace=0)))
        await held.receiver.export(request(span(trace=1)))
        with pytest.raises(UndecodableRequest):
            await held.receiver.export(b"\xff")
        await held.receiver.flush()
        reading = held.receiver.read_measures()
        told = {name: count for name, count in reading.counters.items() if count}
        assert told.pop("commits") >= 1
        assert told == {
            "requests": 3,
            "request_bytes": len(request(span(trace=1), span(trace=0))) + len(numbered(1)) + 1,
            "spans_accepted": 2,
            "spans_rejected": 1,
            "spans_stored": 1,
            "spans_duplicate": 1,
        }
        assert reading.refused["undecodable"] == 1
        assert sum(reading.refused.values()) == 1
        assert sum(reading.histograms["acknowledge_seconds"].counts) == 3
        assert sum(reading.histograms["log_seconds"].counts) == 2
        assert reading.gauges["waiting_spans"] == reading.gauges["queue_requests"] == 0
        assert reading.gauges["log_bytes"] > 0

    run(scenario, tmp_path)
