"""A ClickHouse for tests, with a database for each.

`TRACESTITCH_TEST_CLICKHOUSE_URL` (clickhouse://user:password@host:port) names a real server
for the same tests; its user must be allowed to create and drop databases. Without it one
process a test process serves the engine that chdb embeds (`tests.clickhouse.server`).
"""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit
from urllib.request import Request, urlopen

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from tests.clickhouse.server import PASSWORD, USER
from tests.waiting import running

_ROOT = Path(__file__).parents[2]
# Of one statement: a server that hangs fails the test that it belongs to.
_PATIENCE_SECONDS = 120


@contextmanager
def served(directory: Path) -> Iterator[str]:
    """The URL of a server without a database."""
    if told := os.environ.get("TRACESTITCH_TEST_CLICKHOUSE_URL"):
        yield told.rstrip("/")
        return
    with started(directory) as (url, _):
        yield url


@contextmanager
def started(directory: Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The URL and the process of a server of our own, to stop and to kill."""
    command = [sys.executable, "-m", "tests.clickhouse.server", str(directory)]
    with running(command, stdout=subprocess.PIPE, cwd=_ROOT) as process:
        assert process.stdout is not None
        yield url_of(int(process.stdout.readline())), process


def url_of(port: int) -> str:
    """Of a `tests.clickhouse.server`, without a database."""
    return f"clickhouse://{quote(USER, '')}:{quote(PASSWORD, '')}@127.0.0.1:{port}"


@contextmanager
def database(server: str) -> Iterator[str]:
    """The URL of a database that is there for the block only."""
    name = f"tracestitch_test_{uuid.uuid4().hex}"
    _run(server, f"CREATE DATABASE {name}")
    try:
        yield f"{server}/{name}"
    finally:
        # Without SYNC, which waits for whoever still holds one of its tables: nobody takes the
        # name again.
        _run(server, f"DROP DATABASE {name}")


def empty(url: str) -> None:
    """Leave a store in ClickHouse as one that nobody used. That costs less than a new one:
    its tables stay."""
    server, _, name = url.rpartition("/")
    _run(server, f"TRUNCATE TABLES FROM {name} NOT LIKE 'tracestitch_schema'")


def _run(server: str, text: str) -> None:
    """Without the client, which asks for everything about the server first."""
    parts = urlsplit(server)
    scheme = "https" if parts.scheme == "clickhouses" else "http"
    user, password = unquote(parts.username or "default"), unquote(parts.password or "")
    request = Request(
        f"{scheme}://{parts.hostname}:{parts.port or 8123}/",
        text.encode(),
        {"X-ClickHouse-User": user, "X-ClickHouse-Key": password},
    )
    with urlopen(request, timeout=_PATIENCE_SECONDS) as answer:
        answer.read()


@contextmanager
def connected(url: str) -> Iterator[Client]:
    """A client of a URL's database, for looking behind the engine's back."""
    parts = urlsplit(url)
    client = clickhouse_connect.get_client(
        host=parts.hostname,
        port=parts.port or 8123,
        username=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        database=parts.path.strip("/") or "default",
        secure=parts.scheme == "clickhouses",
        compress="zstd",
        autogenerate_session_id=False,
    )
    try:
        yield client
    finally:
        client.close()
