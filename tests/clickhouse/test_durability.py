"""What was acknowledged is there after the server died, and readers see answers whole."""

import signal
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from storage import schema
from storage.clickhouse import appending, client
from storage.clickhouse.store import ClickHouseStore
from storage.contract import (
    AppendResult,
    ConnectionQuery,
    EndpointQuery,
    OrphanQuery,
    Page,
    SpanStore,
    StoreError,
)
from tests.clickhouse.rig import connected, served, started
from tests.contract.rows import Row, connection, make_batch, make_table, owned, span, traces
from tests.waiting import join

ONE, TWO = span(1, 1), span(2, 2)
VERSIONS = range(1, 5)


@pytest.fixture
def store(clickhouse_url: str) -> Iterator[ClickHouseStore]:
    with closing(ClickHouseStore(clickhouse_url)) as opened:
        yield opened


def _answer(store: SpanStore, version: int) -> None:
    """As many end points, hand-overs and orphans of trace 2 as the version says."""
    ends = [owned(span(2, n), role="process", span_name=str(version)) for n in range(version)]
    rows = [connection(ONE, span(2, n), rule=str(version)) for n in range(version)]
    orphans = [owned(span(2, n), cause_code=str(version)) for n in range(version)]
    store.replace_connections(
        traces(2), make_table(schema.ENDPOINTS, ends), make_table(schema.CONNECTIONS, rows)
    )
    store.replace_orphans(traces(2), make_table(schema.ORPHANS, orphans), version)


def _versions(store: SpanStore) -> list[list[str]]:
    """Of each list, the versions that its rows are of."""
    found: list[tuple[list[Row], str]] = [
        (store.endpoints(EndpointQuery(), 99).to_pylist(), "span_name"),
        (store.endpoints_of(traces(2)).to_pylist(), "span_name"),
        (store.connections(ConnectionQuery(), Page()).table.to_pylist(), "rule"),
        (store.connections_of(traces(1), "producer").to_pylist(), "rule"),
        (store.orphans(OrphanQuery(), Page()).table.to_pylist(), "cause_code"),
    ]
    return [[str(row[name]) for row in rows] for rows, name in found]


def test_a_reader_sees_an_answer_whole_while_it_is_replaced(
    store: ClickHouseStore, clickhouse_url: str
) -> None:
    seen: list[list[str]] = []
    done = False

    def read() -> None:
        with closing(ClickHouseStore(clickhouse_url)) as other:
            while not done:
                seen.extend(_versions(other))

    _answer(store, 1)
    reader = Thread(target=read)
    reader.start()
    try:
        for version in VERSIONS:
            _answer(store, version)
    finally:
        done = True
        join(reader)
    assert [rows for rows in seen if rows != [rows[0]] * int(rows[0])] == []
    assert _versions(store) == [[str(VERSIONS[-1])] * VERSIONS[-1]] * 5


def test_a_state_that_somebody_reads_stays_as_it_was(store: ClickHouseStore) -> None:
    _answer(store, 2)
    texts = ("SELECT span_id FROM endpoints", "SELECT rule FROM connections")
    with store._database.read() as session:
        before = [session.select(text).num_rows for text in texts]
        _answer(store, 5)
        assert [session.select(text).num_rows for text in texts] == before == [2, 2]


def test_what_was_acknowledged_survives_the_death_of_the_server(tmp_path: Path) -> None:
    name = f"tracestitch_test_{uuid.uuid4().hex}"
    with served(tmp_path) as server:
        first = ClickHouseStore(f"{server}/{name}")
        first.append(make_batch([ONE, TWO]), 7)
        _answer(first, 3)
    with served(tmp_path) as server, connected(server) as client:
        with closing(ClickHouseStore(f"{server}/{name}")) as second:
            assert second.status().spans == 2
            assert second.status().analysed_generation == 3
            assert second.append(make_batch([ONE, TWO]), 8).duplicates == 2
            assert _versions(second) == [["3"] * 3] * 5
        client.command(f"DROP DATABASE {name} SYNC")


@pytest.mark.timeout(50)  # less than the client waits for any answer
def test_a_server_that_hangs_holds_no_collector_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started(tmp_path) as (server, process), closing(ClickHouseStore(f"{server}/x")) as store:
        store.append(make_batch([ONE]), 1)
        process.send_signal(signal.SIGSTOP)
        with monkeypatch.context() as patched:
            patched.setattr(appending, "APPEND_SECONDS", 0.3)
            patched.setattr(client, "_LAST_SECONDS", 0.1)
            with pytest.raises(StoreError, match="cannot be reached"):
                store.append(make_batch([TWO]), 2)
        process.send_signal(signal.SIGCONT)
        assert store.append(make_batch([ONE, TWO]), 3) == AppendResult(2, 1, 1, 0)
