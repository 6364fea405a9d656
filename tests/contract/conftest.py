"""The engines that the kit runs over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.contract import SpanStore
from storage.duckdb_opening import FILE_NAME
from storage.engines import open_store
from tests.contract.rows import correlated, link, make_batch, message, span

# Engine to its URL below a directory. An engine that cannot do something would be
# named, with the test and the reason, in an opt-out list here: none needs one.
ENGINES = {"memory": "memory:", "duckdb": "duckdb:{directory}"}


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SpanStore]:
    opened = open_store(ENGINES[request.param].format(directory=tmp_path))
    yield opened
    opened.close()


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
