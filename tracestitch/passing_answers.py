"""The answers about requests that nobody keeps: of the real analyzer, over a store of their own."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from tempfile import TemporaryDirectory

from collector.decoding import make_decoder
from collector.formats.packing import Request
from storage.contract import SpanStore
from storage.engines import open_store
from tracestitch.api_client import Get, ask_in_process
from tracestitch.sinks import StoreSink


@contextmanager
def open_answers(payloads: Iterable[bytes], correlation_keys: Sequence[str] = ()) -> Iterator[Get]:
    """The JSON API over these encoded ExportTraceServiceRequests, stored and analysed; ask it
    with `api_client.ask` and `ask_for_all`. Spans with impossible ids or times are left out.
    Raises UndecodableRequest for bytes that are no request."""
    with open_passing_store(correlation_keys) as (store, sink):
        for payload in payloads:
            sink.take(Request(payload, spans=0))  # nobody asks for the count
        sink.finish()
        yield ask_in_process(store)


@contextmanager
def open_passing_store(
    correlation_keys: Sequence[str] = (), *, on_disk: bool = False
) -> Iterator[tuple[SpanStore, StoreSink]]:
    """A store that is gone afterwards, and the sink that fills it. In memory a few spans cost
    half a second less; a million take several times as long as on disk, and twice the
    memory. Raises StoreError."""
    with ExitStack() as opened:
        url = "memory:"
        if on_disk:
            folder = opened.enter_context(TemporaryDirectory(prefix="tracestitch-"))
            url = f"duckdb:{folder}"
        store = opened.enter_context(closing(open_store(url)))
        yield store, StoreSink(store, make_decoder(correlation_keys))
