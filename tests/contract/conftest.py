"""The engines that the kit runs over."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from storage.contract import SpanStore
from storage.duckdb_opening import FILE_NAME
from storage.engines import open_store
from tests.clickhouse.rig import database, empty
from tests.contract.rows import correlated, link, make_batch, message, span

# An engine that cannot do something would be named, with the test and the reason, in an
# opt-out list here: none needs one.
ENGINES = ("memory", "duckdb", "clickhouse")

NewStore = Callable[[str], AbstractContextManager[SpanStore]]
Databases = Callable[[], AbstractContextManager[str]]


@pytest.fixture(scope="session")
def emptied_databases(clickhouse_server: str) -> Iterator[Databases]:
    """The URL of a database of ClickHouse that nobody else uses, for a block."""
    emptied: list[str] = []

    @contextmanager
    def lend() -> Iterator[str]:
        url = emptied.pop() if emptied else databases.enter_context(database(clickhouse_server))
        yield url
        empty(url)
        emptied.append(url)

    with ExitStack() as databases:
        yield lend


@pytest.fixture(scope="session")
def new_store(request: pytest.FixtureRequest) -> NewStore:
    """An engine's store that nobody used, for a block."""

    @contextmanager
    def opened(engine: str) -> Iterator[SpanStore]:
        with ExitStack() as stack:
            url = f"{engine}:"
            if engine == "duckdb":
                url += stack.enter_context(TemporaryDirectory())
            elif engine == "clickhouse":
                url = stack.enter_context(request.getfixturevalue("emptied_databases")())
            yield stack.enter_context(closing(open_store(url)))

    return opened


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, new_store: NewStore) -> Iterator[SpanStore]:
    with new_store(request.param) as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store that was used and closed."""
    path = tmp_path / FILE_NAME
    store = open_store(f"duckdb:{path}")
    one = span(1, 1)
    rows = {"links": [link(one, 2)], "messaging": [message(one, message_id="m")]}
    store.append(make_batch([one], correlation=[correlated(one, "1")], **rows), 5)
    store.close()
    return path
