"""Where loaded requests go: to a running server, or into a store of one's own."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Protocol

from collector.decoded import Decoder
from collector.decoding import make_decoder
from collector.formats.packing import Request
from collector.otlp_client import ClientTls, OtlpClient
from storage.contract import SpanStore
from tracestitch.analysis import AnalysisLoop
from tracestitch.client_access import ClientAccess
from tracestitch.config import OtlpEndpoint
from tracestitch.own_store import open_own_store

# A server commits what arrives together in one go.
_AT_ONCE = 4
# A commit waits for the disk, whatever its size.
_COMMIT_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Counts:
    files: int = 0
    requests: int = 0
    spans: int = 0
    rejected: int = 0
    duplicates: int | None = None
    """Known only to who writes into the store itself."""

    def __str__(self) -> str:
        parts = [
            count_of(self.files, "file"),
            count_of(self.requests, "request"),
            count_of(self.spans, "span"),
            f"{self.rejected:,} rejected",
        ]
        if self.duplicates is not None:
            parts.append(f"{self.duplicates:,} stored before")
        return ", ".join(parts)


def count_of(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class Sink(Protocol):
    counts: Counts

    def take(self, request: Request) -> None: ...

    def finish(self) -> None:
        """Returns when everything taken is stored."""
        ...


class ServerSink:
    """Sends to a receiver, a few requests at once."""

    def __init__(self, client: OtlpClient, threads: ThreadPoolExecutor) -> None:
        self.counts = Counts()
        self._client, self._threads = client, threads
        self._under_way: deque[tuple[Request, Future[int]]] = deque()

    def take(self, request: Request) -> None:
        self._under_way.append((request, self._threads.submit(self._client.send, request.payload)))
        while len(self._under_way) > 2 * _AT_ONCE:
            self._await_oldest()

    def finish(self) -> None:
        while self._under_way:
            self._await_oldest()

    def _await_oldest(self) -> None:
        request, answer = self._under_way.popleft()
        self.counts.rejected += answer.result()
        self.counts.requests += 1
        self.counts.spans += request.spans


class StoreSink:
    """Writes into a store that no server holds, and analyses it at the end."""

    def __init__(self, store: SpanStore, decoder: Decoder) -> None:
        self.counts = Counts(duplicates=0)
        self._store, self._builder = store, decoder.builder()
        store.note_settings(decoder.settings)

    def take(self, request: Request) -> None:
        appended = self._builder.append(request.payload)
        if self._builder.nbytes >= _COMMIT_BYTES:
            self._commit()
        self.counts.requests += 1
        self.counts.spans += request.spans
        self.counts.rejected += appended.rejected

    def _commit(self) -> None:
        stored = self._store.append(self._builder.seal(), time.time_ns())
        self.counts.duplicates = (self.counts.duplicates or 0) + stored.duplicates

    def finish(self) -> None:
        if self._builder.spans:
            self._commit()
        analysis = AnalysisLoop(self._store)
        while analysis.run_once():
            pass


@contextmanager
def open_sink(
    endpoint: OtlpEndpoint,
    data_dir: str | None,
    access: ClientAccess,
    correlation_keys: Sequence[str] = (),
) -> Iterator[Sink]:
    """A sink for the data directory if there is one, else for the endpoint. Raises
    StoreError; the sink's methods raise it too, or ReceiverUnreachable, RequestRefused."""
    if data_dir is not None:
        decoder = make_decoder(correlation_keys)
        with open_own_store(data_dir, decoder) as store:
            yield StoreSink(store, decoder)
        return
    tls = access.tls or (ClientTls() if endpoint.encrypted else None)
    client = OtlpClient(str(endpoint.address), token=access.token, tls=tls)
    with ThreadPoolExecutor(_AT_ONCE) as threads, closing(client):
        try:
            yield ServerSink(client, threads)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
