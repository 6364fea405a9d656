"""What holds for every test, and a ClickHouse for those that ask for one."""

import faulthandler
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes, or making one, says more about the machine than about the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Of the end of a process of tests, after its last test: threads and children may hold it up.
_END_SECONDS = 120


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """What hangs at the end is told, and left."""
    faulthandler.dump_traceback_later(_END_SECONDS, exit=True)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """One of several processes waits for the others from here on."""
    if hasattr(config, "workerinput"):
        faulthandler.cancel_dump_traceback_later()


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
