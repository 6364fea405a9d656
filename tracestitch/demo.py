"""`tracestitch demo`: the server on a temporary store, and the sample pipeline beside it.

The server is a process of its own, as a user would run it, in a session of its own:
Ctrl-C reaches only this process, which stops the pipeline first and the server last,
so that the last spans still find it.
"""

import importlib.util
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from sample_data.pipeline.switches import FAILURES, Switch
from tracestitch.config import (
    Address,
    environment_without_access,
    listening_addresses,
    option,
    variable,
)
from tracestitch.stopping import stopping_calmly

NEEDED = (
    "boto3",
    "confluent_kafka",
    "moto",
    "opentelemetry.sdk",
    "opentelemetry.exporter.otlp.proto.grpc",
    "tracestitch_propagation",
)
SERVE = (sys.executable, "-m", "tracestitch", "serve")
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
# Between two failures of the rounds after the first, so that a page can be read.
PAUSE_SECONDS = 5.0
# The services export twice a second: nothing comes late.
GRACE = "5s"


def parse_cycles(text: str) -> int:
    """A number of rounds. Raises ValueError with what is allowed."""
    if not text.strip().isdecimal():
        raise ValueError("the number of rounds is a whole number, 0 for no end")
    return int(text)


def parse_switch(text: str) -> Switch:
    """A failure by its name. Raises ValueError with what there is."""
    names = [str(failure) for failure in FAILURES]
    if text.strip() not in names:
        raise ValueError(f"the failures are {', '.join(names)}")
    return Switch(text.strip())


@click.command()
@listening_addresses
@option(
    "--cycles",
    parse_cycles,
    default="0",
    metavar="NUMBER",
    help="Rounds through the failures; 0 goes on until Ctrl-C.",
)
@option(
    "--switch",
    parse_switch,
    multiple=True,
    metavar="NAME",
    help="Only this failure, after healthy orders. Repeatable.",
)
@click.option(
    "--once",
    is_flag=True,
    envvar=variable("--once"),
    show_envvar=True,
    help="The same as --cycles 1.",
)
def demo(
    grpc_address: Address,
    http_address: Address,
    web_address: Address,
    cycles: int,
    switch: tuple[Switch, ...],
    once: bool,
) -> None:
    """Serve on a temporary store and run the sample pipeline: healthy orders, then every
    failure in turn."""
    check_extra()
    addresses = [settle_port(a) for a in (grpc_address, http_address, web_address)]
    try:
        with stopping_calmly():
            run_demo(SERVE, *addresses, cycles=1 if once else cycles, failures=switch or FAILURES)
    except KeyboardInterrupt:
        click.echo("Stopped.")


def check_extra() -> None:
    """ClickException when the extra [demo] or the propagation library is not installed."""
    if not all(_is_installed(name) for name in NEEDED):
        raise click.ClickException(
            "The demo needs the extra [demo] and the propagation library:"
            " run `pip install '.[demo]' ./propagation` in the source folder."
        )


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # of a package above it
        return False


def settle_port(address: Address) -> Address:
    """The address, with a free port in place of 0: the pipeline has to know it too."""
    if address.port:
        return address
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.create_server((address.host, 0), family=family) as listener:
        return address.with_port(listener.getsockname()[1])


def reachable(address: Address) -> Address:
    """Where to connect to what listens at an address, which may be all of them."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (compared, not listened on)
    return Address(here.get(address.host, address.host), address.port)


def run_demo(
    serve: tuple[str, ...],
    grpc_address: Address,
    http_address: Address,
    web_address: Address,
    *,
    cycles: int,
    failures: Sequence[Switch] = FAILURES,
) -> None:
    """`serve` is the command of the server, to which store and addresses are added.

    ClickException when the server or a part of the pipeline does not start or ends.
    """
    # Only here: without the extra they cannot be imported.
    from sample_data.pipeline.fleet import ChildError
    from sample_data.pipeline.ledger import DrainError
    from sample_data.pipeline.run import run_round
    from sample_data.pipeline.scenario import Pipeline

    ended = threading.Event()
    command = [*serve, "--grpc-address", str(grpc_address), "--http-address", str(http_address)]
    command += ["--web-address", str(web_address), "--grace", GRACE]
    pages = f"http://{reachable(web_address)}/"
    with serving(command, pages + "readyz", ended):
        click.echo("Starting the sample pipeline: four services, SQS, Kafka and EventBridge.")
        try:
            with Pipeline(str(reachable(grpc_address))) as pipeline:
                click.echo(f"The pages are at {pages} and Ctrl-C stops everything.")
                done = 0
                while not ended.is_set() and (cycles == 0 or done < cycles):
                    pause = PAUSE_SECONDS if done else 0.0
                    run_round(pipeline, click.echo, ended, failures, pause_seconds=pause)
                    done += 1
        except (ChildError, DrainError) as error:
            raise click.ClickException(f"The sample pipeline stopped: {error}.") from error
        if ended.is_set():
            raise click.ClickException("The server has ended.")


@contextmanager
def serving(command: list[str], ready_url: str, ended: threading.Event) -> Iterator[None]:
    """The server on a temporary store while the block runs; sets `ended` when it ends."""
    with tempfile.TemporaryDirectory(prefix="tracestitch-demo-") as folder:
        server = subprocess.Popen(  # noqa: S603 (our own command)
            # As a flag: it beats a TRACESTITCH_STORE that names somebody's real store.
            [*command, "--store", f"duckdb:{Path(folder) / 'data'}"],
            start_new_session=True,
            env=environment_without_access(),  # the services of the pipeline know no token
        )

        def watch() -> None:
            server.wait()
            ended.set()

        threading.Thread(target=watch, daemon=True).start()
        try:
            _wait_until_ready(ready_url, ended)
            yield
        finally:
            server.terminate()
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait_until_ready(url: str, ended: threading.Event) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with opener.open(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if ended.wait(0.1):
                raise click.ClickException("The server did not start.") from None
    raise click.ClickException(f"The server was not ready within {READY_SECONDS:.0f} seconds.")
