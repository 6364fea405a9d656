"""The JSON API over a few requests, of the real analyzer."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from collector.formats.packing import Request
from tracestitch.api_client import Get, ask_in_process
from tracestitch.passing_store import open_passing_store


@contextmanager
def open_answers(payloads: Iterable[bytes], correlation_keys: Sequence[str] = ()) -> Iterator[Get]:
    """Ask it with `api_client.ask` and `ask_for_all`."""
    with open_passing_store(correlation_keys) as (store, sink):
        for payload in payloads:
            sink.take(Request(payload, spans=0))  # nobody asks for the count
        sink.finish()
        yield ask_in_process(store)
