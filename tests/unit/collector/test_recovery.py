"""A start on a request log that still holds something."""

from pathlib import Path
from typing import Any

import pytest

from collector import recovery
from collector.decoding import make_decoder
from collector.recovery import open_keeper
from collector.request_log import RequestLog
from storage.contract import StoreError, TooMuchAtOnce
from storage.memory import MemoryStore
from storage.schema import SpanBatch
from tests.builders import request, span
from tests.unit.collector.held_store import HeldDecoder, HeldStore


def recovered(store: MemoryStore, directory: Path, decoder: Any = None) -> int:
    keeper = open_keeper(store, decoder or make_decoder(), directory)
    keeper.journal.close()
    return keeper.measures.read().counters["requests_recovered"]


def fill(directory: Path, *payloads: bytes) -> None:
    RequestLog(directory).append(payloads)


def numbered(number: int, name: str = "work") -> bytes:
    return request(span(name, trace=number))


def test_everything_is_stored_and_the_log_is_empty(tmp_path: Path) -> None:
    fill(tmp_path, *(numbered(n) for n in range(1, 6)))
    store = HeldStore()

    assert recovered(store, tmp_path) == 5
    assert store.status().traces == 5
    assert store.tried == [5]
    assert list(tmp_path.iterdir()) == []


def test_an_empty_log_asks_nothing_of_the_store(tmp_path: Path) -> None:
    store = HeldStore()

    assert recovered(store, tmp_path) == 0
    assert store.tried == []


def test_what_is_in_the_store_already_is_not_there_twice(tmp_path: Path) -> None:
    """It was killed between the commit and the release."""
    store = HeldStore()
    for _ in range(3):
        fill(tmp_path, numbered(1), numbered(2))
        assert recovered(store, tmp_path) == 2
    assert store.status().spans == 2


def test_a_long_log_is_stored_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "ROW_GROUP", 4)
    fill(tmp_path, *(numbered(n) for n in range(1, 11)))
    store = HeldStore()

    assert recovered(store, tmp_path) == 10
    assert store.tried == [4, 4, 2]


def test_a_store_that_fails_keeps_the_log_for_the_next_start(tmp_path: Path) -> None:
    def fail(_: SpanBatch) -> None:
        raise StoreError("The disk is full.")

    fill(tmp_path, numbered(1), numbered(2))
    with pytest.raises(StoreError, match="full"):
        recovered(HeldStore(fail), tmp_path)
    store = HeldStore()

    assert recovered(store, tmp_path) == 2
    assert store.status().traces == 2


class Panic(BaseException):
    """As a native decoder raises them: no Exception."""


@pytest.mark.parametrize("fault", [ValueError("cannot"), Panic("cannot")], ids=["error", "panic"])
def test_a_request_that_no_longer_decodes_is_set_aside(
    fault: BaseException, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(payload: bytes) -> None:
        if b"poison" in payload:
            raise fault

    fill(tmp_path, numbered(1), numbered(2, "poison"), numbered(3), b"\xff is no request")
    store = HeldStore()

    assert recovered(store, tmp_path, HeldDecoder(fail)) == 4
    assert store.status().traces == 2
    kept = sorted(path.read_bytes() for path in tmp_path.iterdir())
    assert kept == [numbered(2, "poison"), b"\xff is no request"]
    assert sum("ATTENTION" in message for message in caplog.messages) == 2


def test_without_a_directory_nothing_is_logged() -> None:
    keeper = open_keeper(MemoryStore(), make_decoder(), None)

    assert not keeper.journal.durable


def test_what_is_too_large_at_once_goes_in_one_by_one(tmp_path: Path) -> None:
    """As in a running server: or it would never start again."""

    def limit(given: SpanBatch) -> None:
        if given.spans.num_rows > 1:
            raise StoreError("The store needs more memory than it may use.")

    fill(tmp_path, *(numbered(n) for n in range(1, 4)))
    store = HeldStore(limit)

    assert recovered(store, tmp_path) == 3
    assert store.tried == [3, 3, 3, 1, 1, 1]
    assert store.status().traces == 3


def test_one_request_that_is_too_large_for_the_stores_memory_is_set_aside(tmp_path: Path) -> None:
    """Or nothing would ever be stored again, and no start succeed."""

    def limit(given: SpanBatch) -> None:
        if "huge" in given.spans["name"].to_pylist():
            raise TooMuchAtOnce("The store needs more memory than it may use.")

    fill(tmp_path, numbered(1), numbered(2, "huge"), numbered(3))
    store = HeldStore(limit)

    assert recovered(store, tmp_path) == 3
    assert store.status().traces == 2
    (aside,) = tmp_path.iterdir()
    assert aside.read_bytes() == numbered(2, "huge")
