"""What holds for every test, and a ClickHouse for those that ask for one."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

# How long an example takes says more about the machine than about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server without a database; one process for all tests of this one."""
    from tests.clickhouse.rig import served

    with served(tmp_path_factory.mktemp("clickhouse")) as url:
        yield url


@pytest.fixture
def clickhouse_url(clickhouse_server: str) -> Iterator[str]:
    """The URL of a database of this test's own."""
    from tests.clickhouse.rig import database

    with database(clickhouse_server) as url:
        yield url
