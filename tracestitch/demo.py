"""`tracestitch demo`: the server on a temporary store, and the sample pipeline beside it.

The server is a process of its own, as a user would run it, in a session of its own:
Ctrl-C reaches only this process, which stops the pipeline first and the server last,
so that the last spans still find it.
"""

import importlib.util
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

NEEDED = (
    "boto3",
    "confluent_kafka",
    "moto",
    "opentelemetry.sdk",
    "opentelemetry.exporter.otlp.proto.grpc",
)
SERVE = (sys.executable, "-m", "tracestitch", "serve")
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
# Between two failures of the rounds after the first, so that a page can be read.
PAUSE_SECONDS = 5.0


@click.command()
@click.option("--grpc-address", default="127.0.0.1:4317", show_default=True, help="OTLP gRPC.")
@click.option("--http-address", default="127.0.0.1:4318", show_default=True, help="OTLP HTTP.")
@click.option("--web-address", default="127.0.0.1:8080", show_default=True, help="Pages and API.")
@click.option(
    "--cycles",
    type=click.IntRange(min=0),
    default=0,
    help="Rounds through all failures; 0, the default, goes on until Ctrl-C.",
)
@click.option("--once", is_flag=True, help="The same as --cycles 1.")
def demo(grpc_address: str, http_address: str, web_address: str, cycles: int, once: bool) -> None:
    """Serve on a temporary store and run the sample pipeline: healthy orders, then every
    failure in turn. A port of 0 takes any free one."""
    check_extra()
    addresses = [settle_port(a) for a in (grpc_address, http_address, web_address)]
    try:
        with stopping_calmly():
            run_demo(SERVE, *addresses, cycles=1 if once else cycles)
    except KeyboardInterrupt:
        click.echo("Stopped.")


def check_extra() -> None:
    """ClickException when the extra [demo] is not installed."""
    if not all(_is_installed(name) for name in NEEDED):
        raise click.ClickException(
            "The demo needs the extra [demo]: run `pip install '.[demo]'` in the source folder."
        )


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # of a package above it
        return False


def settle_port(address: str) -> str:
    """The address, with a free port in place of 0."""
    host, _, port = address.rpartition(":")
    if port != "0":
        return address
    with socket.create_server((host, 0)) as listener:
        return f"{host}:{listener.getsockname()[1]}"


@contextmanager
def stopping_calmly() -> Iterator[None]:
    """Ctrl-C, a termination or a closed terminal raise KeyboardInterrupt, once: the
    stopping that follows is not interrupted."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_demo(
    serve: tuple[str, ...], grpc_address: str, http_address: str, web_address: str, *, cycles: int
) -> None:
    """`serve` is the command of the server, to which store and addresses are added.

    ClickException when the server or a part of the pipeline does not start or ends.
    """
    # Only here: without the extra there is nothing to import.
    from sample_data.pipeline.fleet import ChildError
    from sample_data.pipeline.ledger import DrainError
    from sample_data.pipeline.run import run_round
    from sample_data.pipeline.scenario import Pipeline

    ended = threading.Event()
    command = [*serve, "--grpc-address", grpc_address, "--http-address", http_address]
    command += ["--web-address", web_address]
    with serving(command, f"http://{web_address}/readyz", ended):
        click.echo("Starting the sample pipeline: four services, SQS, Kafka and EventBridge.")
        try:
            with Pipeline(grpc_address) as pipeline:
                click.echo(f"The pages are at http://{web_address}/ and Ctrl-C stops everything.")
                done = 0
                while not ended.is_set() and (cycles == 0 or done < cycles):
                    pause = PAUSE_SECONDS if done else 0.0
                    run_round(pipeline, click.echo, ended, pause_seconds=pause)
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
            [*command, "--data-dir", str(Path(folder) / "data")], start_new_session=True
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
