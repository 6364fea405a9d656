"""Opening a ClickHouse store: what is there already, and who may come in."""

from contextlib import closing

import pytest

from storage import schema
from storage.clickhouse.ddl import elements_of
from storage.clickhouse.opening import SCHEMA_VERSION
from storage.clickhouse.store import ClickHouseStore
from storage.clickhouse.tables import TABLES
from storage.contract import StoreError
from tests.clickhouse.rig import connected
from tests.contract.rows import link, make_batch, make_table, message, owned, span, traces


def refusal(url: str) -> str:
    with pytest.raises(StoreError) as refused:
        ClickHouseStore(url)
    return str(refused.value)


def test_a_store_is_there_when_it_is_opened_again(clickhouse_url: str) -> None:
    with closing(ClickHouseStore(clickhouse_url)) as store:
        store.append(make_batch([span(1, 1)]), 1)
    with closing(ClickHouseStore(clickhouse_url)) as store:
        assert store.spans_of(traces(1)).spans.num_rows == 1
        assert store.append(make_batch([span(1, 1), span(1, 2)]), 2).duplicates == 1


def test_a_database_that_is_not_there_is_created(clickhouse_url: str) -> None:
    url = f"{clickhouse_url}_more"
    with closing(ClickHouseStore(url)) as store:
        store.check()
    with connected(clickhouse_url) as client:
        client.command(f"DROP DATABASE {url.rpartition('/')[2]} SYNC")


def test_creating_that_was_interrupted_goes_on(clickhouse_url: str) -> None:
    ClickHouseStore(clickhouse_url).close()
    with connected(clickhouse_url) as client:
        client.command("DROP TABLE linked SYNC")
        client.command("TRUNCATE TABLE tracestitch_schema")
    with closing(ClickHouseStore(clickhouse_url)) as store:
        row = span(1, 1)
        store.append(make_batch([row], links=[link(row, 9)]), 1)
        assert store.spans_of(traces(1)).links.num_rows == 1


def test_a_newer_store_is_refused(clickhouse_url: str) -> None:
    ClickHouseStore(clickhouse_url).close()
    with connected(clickhouse_url) as client:
        client.command(f"INSERT INTO tracestitch_schema (version) VALUES ({SCHEMA_VERSION + 1})")
    assert "run the newer tracestitch" in refusal(clickhouse_url)


def test_tables_of_others_are_left_alone(clickhouse_url: str) -> None:
    with connected(clickhouse_url) as client:
        client.command("CREATE TABLE others (x UInt8) ENGINE = MergeTree ORDER BY x")
        client.command("INSERT INTO others VALUES (1)")
        ClickHouseStore(clickhouse_url).close()
        assert client.query("SELECT count() FROM others").result_rows[0][0] == 1


def test_a_table_of_others_that_has_our_name_is_not_taken(clickhouse_url: str) -> None:
    with connected(clickhouse_url) as client:
        client.command("CREATE TABLE spans (x UInt8) ENGINE = MergeTree ORDER BY x")
        assert "a table spans that is not of a tracestitch store" in refusal(clickhouse_url)
        tables = client.query("SELECT name FROM system.tables WHERE database = currentDatabase()")
        assert [row[0] for row in tables.result_rows] == ["spans"]


def test_a_column_of_another_type_is_named(clickhouse_url: str) -> None:
    ClickHouseStore(clickhouse_url).close()
    with connected(clickhouse_url) as client:
        client.command("ALTER TABLE spans MODIFY COLUMN name Nullable(String)")
    assert "spans.name" in refusal(clickhouse_url)


def test_a_typed_column_that_came_later_is_added(clickhouse_url: str) -> None:
    rows = [span(1, number) for number in (1, 2)]
    batches = [make_batch([r], messaging=[message(r, message_id="m", kafka_key="k")]) for r in rows]
    with closing(ClickHouseStore(clickhouse_url)) as store:
        store.append(batches[0], 1)
    with connected(clickhouse_url) as client:
        elements = elements_of(TABLES["spans"].columns.field("messaging"))
        some = ", ".join(each for each in elements if not each.startswith("message_id "))
        client.command(f"ALTER TABLE spans MODIFY COLUMN messaging Array(Tuple({some}))")
    with closing(ClickHouseStore(clickhouse_url)) as store:
        store.append(batches[1], 1)
        found = store.spans_of(traces(1)).messaging.to_pylist()
    told = {(row["span_id"], row["message_id"], row["kafka_key"]) for row in found}
    assert told == {(1, None, "k"), (2, "m", "k")}


def test_a_column_of_answers_that_came_later_is_added(clickhouse_url: str) -> None:
    ClickHouseStore(clickhouse_url).close()
    with connected(clickhouse_url) as client:
        client.command("ALTER TABLE orphans DROP COLUMN is_send")
    with closing(ClickHouseStore(clickhouse_url)) as store:
        store.append(make_batch([span(1, 1)]), 1)
        roots = make_table(schema.ORPHANS, [owned(span(1, 1), is_send=True)])
        store.replace_orphans(traces(1), roots, 1)
        assert store.orphans_of(traces(1))["is_send"].to_pylist() == [True]


def test_a_server_that_is_not_there_is_a_sentence_without_the_password() -> None:
    told = refusal("clickhouse://someone:secret@127.0.0.1:1/x")
    assert "127.0.0.1:1/x" in told
    assert "cannot be reached (Connection refused)" in told
    assert "secret" not in told


def test_a_wrong_password_is_a_sentence_without_it(clickhouse_server: str) -> None:
    host = clickhouse_server.rpartition("@")[2]
    told = refusal(f"clickhouse://someone:secret@{host}/x")
    assert "check name, password and rights" in told
    assert "secret" not in told
