"""`tracestitch serve`: every part, or those of a role, in one process on one event loop.

    OTLP/gRPC, OTLP/HTTP → receiver → intake thread → writer thread → store
                                      ↓ request log         ↓ wakes
    web ← store ← analysis thread

Stopping goes along the same way: listeners, requests under way, writer, analysis, store.
"""

import asyncio
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import click
from starlette.types import ASGIApp

from analyzer.version import RULES_VERSION
from collector.attribute_filter import drop_attributes
from collector.decoding import make_decoder
from collector.keeping import Keeper
from collector.recovery import open_keeper
from storage.contract import SpanStore, StoreError
from storage.engines import is_shared, locate_request_log, open_store, without_secret
from storage.partition import WHOLE, Partition
from tracestitch.config import Address
from tracestitch.counting import Counting
from tracestitch.listeners import Listeners
from tracestitch.logs import Format, start_logging
from tracestitch.open_files import raise_file_limit
from tracestitch.parts import listen_for_otlp, start_analysis, start_receiver, start_retention
from tracestitch.read_otherwise import ReadOtherwise
from tracestitch.roles import ROLES, Role
from tracestitch.security import Security, SecuritySettings
from tracestitch.watched import UnusableFile
from web.app import create_app


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
    role: Role = ROLES["all"]
    partition: Partition = WHOLE
    """Of the traces, that it works out answers about."""


def run_server(settings: ServeSettings) -> None:
    """Returns after SIGTERM or SIGINT, when everything acknowledged is stored and the
    store is closed. Raises ClickException when the server cannot start."""
    start_logging(settings.log_format)
    raise_file_limit()
    _refuse_alone(settings)
    try:
        security = Security(settings.security)
        store = open_store(settings.store_url)
    except (StoreError, UnusableFile) as error:
        raise click.ClickException(str(error)) from error
    try:
        keeper = _open_keeper(settings, store) if settings.role.collects else None
        asyncio.run(_serve(settings, security, store, keeper))
    finally:
        store.close()
    if keeper is None:
        _say("Stopped.")
    elif keeper.journal.nbytes:
        _say("Stopped; the next start stores what the request log still holds.")
    else:
        _say("Stopped; everything that was acknowledged is stored.")


def _refuse_alone(settings: ServeSettings) -> None:
    """Raises ClickException for a part of a server over a store of one process."""
    if is_shared(settings.store_url):
        return
    asked = [] if settings.role.is_whole else [f"--role {settings.role.name}"]
    asked += [] if settings.partition.is_whole else [f"--partition {settings.partition}"]
    if asked:
        raise click.ClickException(
            f"{asked[0]} needs a store that several processes can use,"
            " --store clickhouse://HOST/DATABASE: any other belongs to one process."
        )


def _open_keeper(settings: ServeSettings, store: SpanStore) -> Keeper:
    decoder = make_decoder(settings.correlation_keys)
    try:
        store.note_settings(decoder.settings)
        keeper = open_keeper(store, decoder, locate_request_log(settings.store_url))
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    recovered = keeper.measures.read().counters["requests_recovered"]
    if recovered:
        _say(f"Stored {recovered:,} acknowledged requests that the request log still held.")
    return keeper


async def _serve(
    settings: ServeSettings, security: Security, store: SpanStore, keeper: Keeper | None
) -> None:
    stop, role = asyncio.Event(), settings.role
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:  # unwinds from the last to the first
        counting = Counting(security.gate)
        if role.analyses:
            counting.analysis = start_analysis(stack, store, settings.partition)
        if keeper is not None:
            wake = (lambda: None) if counting.analysis is None else counting.analysis.wake
            edit = drop_attributes(settings.drop_attributes) if settings.drop_attributes else None
            counting.receiver = start_receiver(stack, keeper, wake, edit)
        if counting.analysis is not None and settings.partition.leads:
            counting.retention = start_retention(
                stack,
                store,
                counting.analysis,
                keeper,
                max_age_seconds=settings.retention_seconds,
                max_bytes=settings.max_bytes,
            )
        listeners = Listeners()
        stack.push_async_callback(listeners.stop)
        otlp: tuple[Address, ...] = ()
        if counting.receiver is not None:
            otlp = await listen_for_otlp(
                listeners,
                counting.receiver,
                counting,
                security,
                grpc_address=settings.grpc_address,
                http_address=settings.http_address,
                cors_origins=settings.cors_origins,
            )
            _say(f"OTLP/gRPC on {otlp[0]}")
            _say(f"OTLP/HTTP on {security.scheme}://{otlp[1]}")
        read_otherwise = ReadOtherwise(store, is_shared=is_shared(settings.store_url))
        app = _make_app(
            settings, security, store, keeper, counting, listeners, otlp, read_otherwise
        )
        web = await listeners.add_http(
            "web", "--web-address", settings.web_address, app, security.web_context()
        )
        _say(f"web on {security.scheme}://{web}")
        if (asked := security.describe()) is not None:
            _say(asked)
        if keeper is not None and read_otherwise():
            _say(read_otherwise.describe())
        _say(_describe(settings, keeper))
        if (warning := security.warn(*otlp, web)) is not None:
            click.secho(warning, fg="red", bold=True, err=True)
        await stop.wait()


def _make_app(
    settings: ServeSettings,
    security: Security,
    store: SpanStore,
    keeper: Keeper | None,
    counting: Counting,
    listeners: Listeners,
    otlp: tuple[Address, ...],
    read_otherwise: ReadOtherwise,
) -> ASGIApp:
    receiver = counting.receiver

    def ready() -> None:
        listeners.check()
        if receiver is not None:
            receiver.check()

    grpc, http = otlp or ("", "")
    return create_app(
        store,
        version=settings.version,
        decoder="none" if keeper is None else keeper.decoder.name,
        grace_seconds=settings.grace_seconds,
        ready=ready,
        measured=counting.measure,
        waiting_spans=lambda: 0 if receiver is None else receiver.waiting_spans,
        flush=None if receiver is None else receiver.flush,
        otlp_grpc_address=str(grpc),
        otlp_http_address=str(http),
        rules_version=RULES_VERSION,
        read_otherwise=read_otherwise,
        gate=security.gate,
        hosts=security.hosts(settings.web_address),
        shows=settings.role.shows,
    )


def _describe(settings: ServeSettings, keeper: Keeper | None) -> str:
    parts = [] if settings.role.is_whole else [f"role {settings.role.name}"]
    if settings.role.analyses and not settings.partition.is_whole:
        parts.append(f"partition {settings.partition}")
    parts += [] if keeper is None else [f"decoder {keeper.decoder.name}"]
    return ", ".join([*parts, f"store {without_secret(settings.store_url)}"])


def _say(line: str) -> None:
    """Reaches whoever started the server at once, also through a pipe: click flushes."""
    click.echo(line)
