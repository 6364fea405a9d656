"""At the start: what the request log still holds goes into the store."""

from pathlib import Path

from collector.decoded import BatchBuilder, Decoder
from collector.intake import SEAL_BYTES
from collector.journal import HeldRequests
from collector.keeping import WHOLE_ATTEMPTS, Keeper, Sealed
from collector.request_log import RequestLog
from storage.contract import SpanStore, StoreError
from storage.schema import ROW_GROUP


def open_keeper(store: SpanStore, decoder: Decoder, log_directory: Path | None) -> Keeper:
    """What receivers store by. What the log in the directory holds is in the store then;
    without a directory requests are held in memory. Raises StoreError."""
    if log_directory is None:
        return Keeper(store, decoder, HeldRequests())
    log = RequestLog(log_directory)
    keeper = Keeper(store, decoder, log, aside=log_directory)
    recover_requests(log, keeper)
    return keeper


def recover_requests(log: RequestLog, keeper: Keeper) -> int:
    """How many requests were found; `keeper` has this log for its journal. Spans that the
    store holds already are dropped by it, so it does not matter how often this is begun.
    Raises StoreError."""
    builder, whole, after = keeper.decoder.builder(), True, 0
    for payload in log.replay():
        whole &= _append(builder, payload)
        if builder.spans >= ROW_GROUP or builder.nbytes >= SEAL_BYTES:
            _store(keeper, _seal(builder, whole, after, log.position))
            builder, whole, after = keeper.decoder.builder(), True, log.position
    if log.position > after:
        _store(keeper, _seal(builder, whole, after, log.position))
    log.release(log.position)
    keeper.measures.count(requests_recovered=log.position)
    return log.position


def _append(builder: BatchBuilder, payload: bytes) -> bool:
    """Whether the builder is still sound. If not, one by one tells which is at fault."""
    try:
        builder.append(payload)
    except BaseException:  # noqa: BLE001 - also a panic; the keeper says what is wrong
        return False
    return True


def _store(keeper: Keeper, sealed: Sealed) -> None:
    """As a running writer would: a batch that fails as a whole goes in one by one. Raises
    StoreError."""
    for _ in range(2 * WHOLE_ATTEMPTS):
        try:
            keeper.store(sealed)
        except StoreError:
            continue
        return
    keeper.store(sealed)


def _seal(builder: BatchBuilder, whole: bool, after: int, last: int) -> Sealed:
    return Sealed(builder.seal() if whole else None, builder.spans, builder.nbytes, after, last)
