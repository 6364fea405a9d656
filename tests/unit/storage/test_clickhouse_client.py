"""What the client makes of a server's errors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import clickhouse_connect
import pyarrow as pa
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from urllib3 import Timeout
from urllib3.exceptions import ProtocolError

from storage.clickhouse.client import Client
from storage.clickhouse.url import parse_url
from storage.contract import DataRefused, StoreError, TooMuchAtOnce

ROWS = pa.table({"x": [1]})


class Server:
    """Answers inserts with these errors, then without."""

    def __init__(self, *errors: DatabaseError) -> None:
        self.errors, self.inserts = [*errors], 0
        self.timeout = Timeout()

    def insert_arrow(self, *_args: object, **_kwargs: object) -> None:
        self.inserts += 1
        if self.errors:
            raise self.errors.pop(0)

    def query_arrow(self, *_args: object, **_kwargs: object) -> None:
        raise self.errors.pop(0)

    @contextmanager
    def query_arrow_stream(self, *_args: object, **_kwargs: object) -> Iterator[Iterator[Any]]:
        def blocks() -> Iterator[Any]:
            yield pa.RecordBatch.from_pydict({"x": [1]})
            raise ProtocolError("Connection broken")

        yield blocks()


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[[Server], Client]:
    def to(server: Server) -> Client:
        monkeypatch.setattr(clickhouse_connect, "get_client", lambda **_: server)
        monkeypatch.setattr("time.sleep", lambda _: None)
        return Client(parse_url("clickhouse://someone:secret@host/x"))

    return to


def failure(code: int | None, text: str = "it failed with secret") -> DatabaseError:
    error = DatabaseError(text)
    error.code = code
    return error


@pytest.mark.parametrize("code", [None, 319, 286])
def test_an_insert_of_which_nobody_knows_is_sent_again(
    connect: Callable[[Server], Client], code: int | None
) -> None:
    server = Server(failure(code))
    connect(server).insert("t", ROWS, "token")
    assert server.inserts == 2


@pytest.mark.parametrize(("code", "times"), [(None, 2), (319, 2), (286, 50), (60, 1)])
def test_an_insert_is_not_tried_for_ever(
    connect: Callable[[Server], Client], code: int | None, times: int
) -> None:
    server = Server(*[failure(code) for _ in range(99)])
    with pytest.raises(StoreError) as refused:
        connect(server).insert("t", ROWS, "token")
    assert server.inserts == times
    assert "secret" not in str(refused.value)


def test_requests_of_a_block_have_its_time_together(connect: Callable[[Server], Client]) -> None:
    server = Server(*[failure(None) for _ in range(9)])
    client = connect(server)
    waits = [server.timeout.clone().read_timeout]
    with client.within(10):
        waits.append(server.timeout.clone().read_timeout)
        with client.within(0):
            waits.append(server.timeout.clone().read_timeout)
            with client.within(10):
                waits.append(server.timeout.clone().read_timeout)
            with pytest.raises(StoreError):
                client.insert("t", ROWS, "token")
    assert [round(float(wait or 0)) for wait in waits] == [60, 10, 3, 3]
    assert server.inserts == 1
    assert server.timeout.clone().read_timeout == 60
    assert server.timeout.clone().connect_timeout == 5


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Memory limit (for query) exceeded: would use 5 GiB", TooMuchAtOnce),
        ("Query memory limit exceeded: would use 5 GiB", TooMuchAtOnce),
        ("Memory limit (total) exceeded: would use 5 GiB", StoreError),
        ("(total) memory limit exceeded: would use 5 GiB", StoreError),
        ("User memory limit exceeded: would use 5 GiB", StoreError),
    ],
)
def test_memory_that_others_use_is_no_fault_of_the_request(
    connect: Callable[[Server], Client], text: str, kind: type[StoreError]
) -> None:
    with pytest.raises(StoreError) as refused:
        connect(Server(failure(241, text))).insert("t", ROWS, "token")
    assert type(refused.value) is kind


def test_what_the_server_refuses_is_told_from_what_may_do_later(
    connect: Callable[[Server], Client],
) -> None:
    with pytest.raises(DataRefused):
        connect(Server(failure(349))).insert("t", ROWS, "token")
    with pytest.raises(StoreError) as refused:  # a part on its disk
        connect(Server(failure(117))).select("SELECT 1")
    assert type(refused.value) is StoreError
    with pytest.raises(StoreError, match="read-only") as refused:
        connect(Server(failure(242))).insert("t", ROWS, "token")
    assert type(refused.value) is StoreError


def test_a_line_that_breaks_while_rows_are_read_is_a_sentence(
    connect: Callable[[Server], Client],
) -> None:
    rows = connect(Server()).stream("SELECT 1")
    assert next(rows).num_rows == 1
    with pytest.raises(StoreError, match="cannot be reached"):
        next(rows)
