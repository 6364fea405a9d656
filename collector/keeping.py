"""Storing a sealed batch; one request that cannot be stored does not hold up the others."""

import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from collector.decoded import Decoder
from collector.journal import Journal
from collector.measures import Measures
from collector.segment_writer import sync_directory
from collector.waiting import Waiting
from storage.contract import DataRefused, SpanStore, StoreError, TooMuchAtOnce
from storage.schema import SpanBatch

# After so many failures a batch is stored request by request: it may be too large.
WHOLE_ATTEMPTS = 3

_logger = logging.getLogger(__name__)


class UnstorableBatch(Exception):
    """The store has a fault with this one request; sending it again will not help."""


@dataclass(slots=True, eq=False)
class Sealed:
    """Requests that wait for the store together."""

    batch: SpanBatch | None
    """None when it could not be made: the requests are decoded again, one by one."""
    spans: int
    nbytes: int
    after: int
    """Position in the journal before the first request."""
    last: int
    """Position of the last one."""
    waiting: list[Waiting] = field(default_factory=list)
    """Those that are answered only now, one for each position."""
    failures: int = 0
    too_large: dict[int, int] = field(default_factory=dict)
    """How often requests, by position, were too large for the store on their own."""
    refused: dict[int, UnstorableBatch] = field(default_factory=dict)
    """Positions of requests that never will be stored, so far."""


class Keeper:
    """Not thread-safe: it belongs to whoever stores."""

    def __init__(
        self,
        store: SpanStore,
        decoder: Decoder,
        journal: Journal,
        aside: Path | None = None,
    ) -> None:
        """`aside` is the directory for requests that cannot be stored."""
        self.decoder, self.journal, self.measures = decoder, journal, Measures()
        self._store, self._aside = store, aside

    def store(self, sealed: Sealed) -> Mapping[int, UnstorableBatch]:
        """Returns when everything is in the store, but for the requests at these
        positions, which never will be. Raises StoreError: some may be in the store, and
        it is worth trying again."""
        if sealed.batch is not None and sealed.failures < WHOLE_ATTEMPTS:
            try:
                self._append(sealed.batch)
            except DataRefused as error:
                _logger.warning(
                    "A batch is stored request by request after %s", type(error).__name__
                )
            except StoreError:
                sealed.failures += 1
                raise
            except BaseException:  # a panic of Polars is no Exception
                _logger.exception("A batch is stored request by request after a failure")
            else:
                return {}
        return self._store_singly(sealed)

    def _store_singly(self, sealed: Sealed) -> Mapping[int, UnstorableBatch]:
        payloads = self.journal.read(sealed.after, sealed.last)
        for position, payload in enumerate(payloads, sealed.after + 1):
            if position in sealed.refused:  # when the store failed on a later one
                continue
            try:
                builder = self.decoder.builder()
                builder.append(payload)
                self._append(builder.seal())
            except StoreError as error:
                if not self._is_beyond(sealed, position, error):
                    raise
                sealed.refused[position] = self._set_aside(payload, error)
            except BaseException as error:  # noqa: BLE001 - a panic again; it is logged there
                sealed.refused[position] = self._set_aside(payload, error)
        return sealed.refused

    def _is_beyond(self, sealed: Sealed, position: int, error: StoreError) -> bool:
        """Whether this request never will be stored: it is refused, or too large for the
        store's memory however often it is tried on its own."""
        if isinstance(error, TooMuchAtOnce):
            sealed.too_large[position] = sealed.too_large.get(position, 0) + 1
            return sealed.too_large[position] >= WHOLE_ATTEMPTS
        return isinstance(error, DataRefused)

    def _append(self, batch: SpanBatch) -> None:
        began = time.monotonic()
        try:
            result = self._store.append(batch, time.time_ns())
        except StoreError:
            self.measures.count(store_failures=1)
            raise
        self.measures.observe("commit_seconds", time.monotonic() - began)
        self.measures.count(
            commits=1,
            spans_stored=result.stored,
            spans_duplicate=result.duplicates,
            spans_conflicting=result.conflicts,
        )

    def _set_aside(self, payload: bytes, error: BaseException) -> UnstorableBatch:
        """Raises StoreError when it cannot be written."""
        self.measures.count(requests_unstorable=1)
        where = "it was refused"
        if self._aside is not None:
            where = f"it is kept as {_write_aside(self._aside, payload)}"
        # Its type only: a message may quote what was sent.
        _logger.error(
            "ATTENTION: a request cannot be stored (%s); %s.", type(error).__name__, where
        )
        return UnstorableBatch(f"These spans could not be stored: {error}")


def _write_aside(directory: Path, payload: bytes) -> Path:
    """A file that `tracestitch load` reads."""
    path = directory / f"unstorable-{time.time_ns()}.otlp.pb"
    try:
        with path.open("xb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        sync_directory(directory)
    except OSError as error:
        raise StoreError(
            f"A request that cannot be stored cannot be kept as {path} either"
            f" ({error.strerror or error})."
        ) from error
    return path
