"""Opening a store that no server holds."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from collector.decoded import Decoder
from collector.recovery import open_keeper
from storage.contract import SpanStore
from storage.engines import locate_request_log, open_store


@contextmanager
def open_own_store(data_dir: str, decoder: Decoder) -> Iterator[SpanStore]:
    """With what a server that was killed had acknowledged, as this decoder reads it. Raises
    StoreError."""
    url = f"duckdb:{data_dir}"
    with closing(open_store(url)) as store:
        take_in_log(store, url, decoder)
        yield store


def take_in_log(store: SpanStore, url: str, decoder: Decoder) -> None:
    """What a server that was killed had acknowledged goes into its store. Raises
    StoreError."""
    log = locate_request_log(url)
    if log is not None and log.is_dir() and any(log.iterdir()):
        store.note_settings(decoder.settings)
        open_keeper(store, decoder, log).journal.close()
