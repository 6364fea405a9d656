"""The engines that the kit runs over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.contract import SpanStore
from storage.engines import open_store

# Engine to its URL below a directory. An engine that cannot do something would be
# named, with the test and the reason, in an opt-out list here: none needs one.
ENGINES = {"memory": "memory:", "duckdb": "duckdb:{directory}"}


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SpanStore]:
    opened = open_store(ENGINES[request.param].format(directory=tmp_path))
    yield opened
    opened.close()
