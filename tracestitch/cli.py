"""The command line. What a command needs is imported when it runs: `--help` stays quick."""

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracestitch.check.command import check
from tracestitch.config import (
    Address,
    OtlpEndpoint,
    access_options,
    client_certificate,
    client_options,
    listening_addresses,
    option,
    parse_attribute,
    parse_duration,
    parse_log_format,
    parse_max_size,
    parse_origin,
    parse_otlp_endpoint,
    token_of_environment,
)
from tracestitch.demo import demo
from tracestitch.lean_imports import lean_imports
from tracestitch.library_settings import share_cores, share_memory, silence_grpc
from tracestitch.open_files import keep_files_private
from tracestitch.questions import journey, orphans
from tracestitch.roles import Role, parse_partition, parse_role
from tracestitch.store_options import (
    correlation_key_option,
    data_dir_option,
    store_option,
    unless_asked,
)

if TYPE_CHECKING:
    from storage.partition import Partition
    from tracestitch.logs import Format
    from tracestitch.security import SecuritySettings

VERSION = metadata.version("tracestitch")


@click.group()
@click.version_option(VERSION, prog_name="tracestitch")
def main() -> None:
    """Stitches traces that lost their context across queues, and says which hop broke."""
    silence_grpc()
    share_cores()
    share_memory()
    keep_files_private()


for command in (check, demo, journey, orphans):
    main.add_command(command)

_drop_attribute = option(
    "--drop-attribute",
    parse_attribute,
    multiple=True,
    metavar="KEY",
    help="An attribute that is left out before anything is stored. Repeatable.",
)


@main.command()
@data_dir_option
@store_option
@option(
    "--role",
    parse_role,
    default="all",
    metavar="ROLE",
    help=(
        "What this process does: all, or collector (takes OTLP in), analyzer or web, where"
        " several processes share a ClickHouse store."
    ),
)
@option(
    "--partition",
    parse_partition,
    default="1/1",
    metavar="I/N",
    help="Which share of the traces this analyzer answers for, of N that share a ClickHouse store.",
)
@listening_addresses
@correlation_key_option
@option(
    "--grace",
    parse_duration,
    default="60s",
    metavar="DURATION",
    help="How long a new orphan root counts as unsettled.",
)
@option(
    "--retention",
    parse_duration,
    default="7d",
    metavar="DURATION",
    help="How long spans are kept after they were stored; 0 keeps them for ever.",
)
@option(
    "--max-size",
    parse_max_size,
    default="10GB",
    metavar="SIZE",
    help="How much disk the store may take; the oldest spans go first. 0 has no limit.",
)
@access_options
@_drop_attribute
@option(
    "--cors-origin",
    parse_origin,
    multiple=True,
    metavar="ORIGIN",
    help="Pages of this origin may send OTLP over HTTP; * for all. Repeatable.",
)
@option(
    "--log-format",
    parse_log_format,
    default="text",
    metavar="FORMAT",
    help="How log lines are written, to the standard error: text (key=value) or json.",
)
def serve(
    data_dir: str,
    store: str | None,
    role: Role,
    partition: "Partition",
    grpc_address: Address,
    http_address: Address,
    web_address: Address,
    correlation_key: tuple[str, ...],
    grace: int,
    retention: int,
    max_size: int,
    drop_attribute: tuple[str, ...],
    cors_origin: tuple[str, ...],
    log_format: "Format",
    **access: Any,
) -> None:
    """Take OTLP traces in, store and analyse them, and show what is joined and what broke."""
    with lean_imports():
        from tracestitch.serve import ServeSettings, run_server

    settings = ServeSettings(
        store_url=store or f"duckdb:{data_dir}",
        grpc_address=grpc_address,
        http_address=http_address,
        web_address=web_address,
        correlation_keys=correlation_key,
        grace_seconds=grace,
        version=VERSION,
        retention_seconds=retention,
        max_bytes=max_size,
        drop_attributes=drop_attribute,
        security=_security(**access),
        log_format=log_format,
        cors_origins=cors_origin,
        role=role,
        partition=partition,
    )
    run_server(settings)


def _security(
    token_file: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_client_ca: Path | None,
    allowed_host: tuple[str, ...],
) -> "SecuritySettings":
    """Raises UsageError when files of TLS are missing."""
    from tracestitch.security import SecuritySettings
    from tracestitch.tls import TlsFiles

    files = None
    if tls_cert is not None and tls_key is not None:
        files = TlsFiles(tls_cert, tls_key, tls_client_ca)
    elif tls_cert or tls_key or tls_client_ca:
        raise click.UsageError("TLS needs both --tls-cert and --tls-key.")
    return SecuritySettings(token_file, token_of_environment(), files, allowed_host)


@main.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(path_type=Path, allow_dash=True),
)
@option(
    "--otlp-endpoint",
    parse_otlp_endpoint,
    default="127.0.0.1:4317",
    metavar="HOST:PORT",
    help="The OTLP/gRPC receiver to send to.",
)
@option("--data-dir", metavar="DIR", help="Load into the store of this directory instead.")
@client_options
@client_certificate
@_drop_attribute
@correlation_key_option
@click.pass_context
def load(
    context: click.Context,
    /,
    files: tuple[Path, ...],
    otlp_endpoint: OtlpEndpoint,
    data_dir: str | None,
    drop_attribute: tuple[str, ...],
    correlation_key: tuple[str, ...],
    **access: Path | None,
) -> None:
    """Load recorded spans: OTLP protobuf or JSON, Jaeger JSON, Zipkin v2 JSON, gzip or not;
    "-" is the standard input."""
    from tracestitch.client_access import open_client_access
    from tracestitch.load import load_files
    from tracestitch.sinks import open_sink

    data_dir = unless_asked(context, "otlp_endpoint", data_dir)
    shown = open_client_access(**access)
    sink = open_sink(otlp_endpoint, data_dir, shown, correlation_key)
    if not load_files(files, sink, drop=drop_attribute):
        context.exit(2)


@main.command()
@data_dir_option
@store_option
@correlation_key_option
def reanalyze(data_dir: str, store: str | None, correlation_key: tuple[str, ...]) -> None:
    """Read typed columns and correlation keys from the stored attributes anew, and work out
    every answer again. For a store that no server holds."""
    from tracestitch.reanalysis import run_reanalysis

    run_reanalysis(store or f"duckdb:{data_dir}", correlation_key)
