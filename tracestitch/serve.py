"""`tracestitch serve`: every part in one process, on one event loop.

    OTLP/gRPC, OTLP/HTTP → receiver → intake thread → writer thread → store
                                      ↓ request log         ↓ wakes
    web ← store ← analysis thread

Stopping goes along the same way: listeners, requests under way, writer, analysis, store.
"""

import asyncio
import signal
import threading
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import click

from analyzer.version import RULES_VERSION
from collector.attribute_filter import drop_attributes
from collector.decoded import Decoder
from collector.decoding import make_decoder
from collector.http_access import HttpGuard
from collector.http_cors import CrossOrigin
from collector.http_receiver import http_app
from collector.keeping import Keeper
from collector.receiving import Receiver
from collector.recovery import open_keeper
from storage.contract import SpanStore, StoreError
from storage.engines import locate_request_log, open_store
from tracestitch.analysis import AnalysisLoop
from tracestitch.config import Address
from tracestitch.counting import Counting
from tracestitch.listeners import Listeners
from tracestitch.logs import Format, start_logging
from tracestitch.open_files import raise_file_limit
from tracestitch.retention import RetentionLoop
from tracestitch.security import Security, SecuritySettings
from tracestitch.watched import UnusableFile
from web.app import create_app
from web.frame import compile_templates

_READ_OTHERWISE = (
    "Spans in the store were read with other correlation keys or by another version;"
    " `tracestitch reanalyze` reads them anew."
)


@dataclass(frozen=True, slots=True)
class ServeSettings:
    store_url: str
    grpc_address: Address
    http_address: Address
    web_address: Address
    correlation_keys: tuple[str, ...]
    grace_seconds: float
    version: str
    retention_seconds: int = 0
    """Since storing; 0 keeps for ever."""
    max_bytes: int = 0
    """Of the store on disk; 0 has no limit."""
    drop_attributes: tuple[str, ...] = ()
    security: SecuritySettings = field(default_factory=SecuritySettings)
    log_format: Format = "text"
    cors_origins: tuple[str, ...] = ()


def run_server(settings: ServeSettings) -> None:
    """Returns after SIGTERM or SIGINT, when everything acknowledged is stored and the
    store is closed. Raises ClickException when the server cannot start."""
    start_logging(settings.log_format)
    raise_file_limit()
    try:
        security = Security(settings.security)
        store = open_store(settings.store_url)
    except (StoreError, UnusableFile) as error:
        raise click.ClickException(str(error)) from error
    try:
        decoder = make_decoder(settings.correlation_keys)
        keeper = _open_keeper(store, decoder, settings.store_url)
        asyncio.run(_serve(settings, security, store, keeper))
    finally:
        store.close()
    if keeper.journal.nbytes:
        _say("Stopped; the next start stores what the request log still holds.")
    else:
        _say("Stopped; everything that was acknowledged is stored.")


def _open_keeper(store: SpanStore, decoder: Decoder, store_url: str) -> Keeper:
    try:
        store.note_settings(decoder.settings)
        keeper = open_keeper(store, decoder, locate_request_log(store_url))
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    recovered = keeper.measures.read().counters["requests_recovered"]
    if recovered:
        _say(f"Stored {recovered:,} acknowledged requests that the request log still held.")
    return keeper


async def _serve(
    settings: ServeSettings, security: Security, store: SpanStore, keeper: Keeper
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:  # unwinds from the last to the first
        analysis = AnalysisLoop(store)
        analysis.start()
        stack.push_async_callback(asyncio.to_thread, analysis.stop)
        edit = drop_attributes(settings.drop_attributes) if settings.drop_attributes else None
        receiver = Receiver(keeper, on_commit=analysis.wake, edit=edit)
        receiver.start()
        stack.push_async_callback(asyncio.to_thread, receiver.stop)
        stack.push_async_callback(receiver.drain)
        retention = RetentionLoop(
            store,
            analysis,
            max_age_seconds=settings.retention_seconds,
            max_bytes=settings.max_bytes,
            waiting_bytes=lambda: keeper.journal.nbytes if keeper.journal.durable else 0,
        )
        retention.start()
        stack.push_async_callback(asyncio.to_thread, retention.stop)
        counting = Counting(receiver, analysis, security.gate, retention)

        listeners = Listeners()
        stack.push_async_callback(listeners.stop)
        grpc = await listeners.add_grpc(
            "--grpc-address",
            settings.grpc_address,
            counting.grpc,
            dropped=counting.dropped,
            **security.for_grpc(),
        )
        _say(f"OTLP/gRPC on {grpc}")
        guarded = HttpGuard(
            http_app(counting.http, dropped=counting.dropped),
            security.gate,
            security.hosts(settings.http_address),
        )
        otlp = counting.count_answers(CrossOrigin(guarded, settings.cors_origins))
        http = await listeners.add_http(
            "OTLP/HTTP", "--http-address", settings.http_address, otlp, security.otlp_context()
        )
        _say(f"OTLP/HTTP on {security.scheme}://{http}")

        def read_otherwise() -> bool:
            return store.settings_of_spans() not in ([], [keeper.decoder.settings])

        def ready() -> None:
            listeners.check()
            receiver.check()

        app = create_app(
            store,
            version=settings.version,
            decoder=keeper.decoder.name,
            grace_seconds=settings.grace_seconds,
            ready=ready,
            measured=counting.measure,
            waiting_spans=lambda: receiver.waiting_spans,
            flush=receiver.flush,
            otlp_grpc_address=str(grpc),
            otlp_http_address=str(http),
            rules_version=RULES_VERSION,
            read_otherwise=read_otherwise,
            gate=security.gate,
            hosts=security.hosts(settings.web_address),
        )
        web = await listeners.add_http(
            "web", "--web-address", settings.web_address, app, security.web_context()
        )
        _say(f"web on {security.scheme}://{web}")
        threading.Thread(target=compile_templates, name="templates", daemon=True).start()
        if (asked := security.describe()) is not None:
            _say(asked)
        if read_otherwise():
            _say(_READ_OTHERWISE)
        _say(f"decoder {keeper.decoder.name}, store {settings.store_url}")
        if (warning := security.warn(grpc, http, web)) is not None:
            click.secho(warning, fg="red", bold=True, err=True)
        await stop.wait()


def _say(line: str) -> None:
    """Reaches whoever started the server at once, also through a pipe: click flushes."""
    click.echo(line)
