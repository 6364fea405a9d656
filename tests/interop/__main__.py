"""Real exporters through a restart of the server: `make interop`.

    python -m tests.interop [--only go,java] [--require go] [--kill]

Each client sends over gRPC and over HTTP, gzip and retries on, while the server ends and
comes back; then everything has to be there exactly once. A client whose toolchain is
missing is told as "not run", which fails only where it is required. Exit 1 if one failed.
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

import click

from tests.interop.clients import CLIENTS, Client, NotRun, prepare
from tests.interop.restarts import PROTOCOLS, SPANS, send_through_restart

# Built programs and installed libraries stay for the next run.
BUILDS = Path(tempfile.gettempdir()) / "tracestitch-interop"


def try_client(client: Client, stop: signal.Signals) -> bool:
    """Whether everything arrived, over both protocols. Raises NotRun."""
    command = prepare(client, BUILDS)
    passed = True
    for protocol in PROTOCOLS:
        with tempfile.TemporaryDirectory() as name:
            arrival = send_through_restart(client, command, protocol, Path(name), stop)
        passed = passed and arrival.complete
        outcome = "passed" if arrival.complete else "FAILED"
        detail = (
            f"{SPANS} sent, {arrival.missing} missing, {arrival.twice} twice,"
            f" nobody listened for {arrival.down_seconds:.1f} s"
        )
        if protocol in client.helped:
            detail += f" (sent again by the program: {client.helped[protocol]})"
        click.echo(f"{client.name:10} {protocol:5} {outcome:8} {detail}")
        if not arrival.complete:
            click.echo(arrival.said)
    return passed


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="names, separated by commas")
    parser.add_argument("--require", default="", help="names that must not be left out")
    parser.add_argument("--kill", action="store_true", help="end the server with kill -9")
    given = parser.parse_args()
    only, required = given.only.split(",") if given.only else [], given.require.split(",")
    stop = signal.SIGKILL if given.kill else signal.SIGTERM
    failed = False
    for client in CLIENTS:
        if only and client.name not in only:
            continue
        try:
            failed |= not try_client(client, stop)
        except NotRun as reason:
            click.echo(f"{client.name:10} {'':5} not run  {reason}")
            failed |= client.name in required
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
