"""The server for tests speaks to the client that the store uses as ClickHouse does."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData

from tests.clickhouse.rig import connected
from tests.clickhouse.server import read_request

ROWS = pa.table({"id": pa.array([1, 2**64 - 1], pa.uint64()), "name": ["it's", None]})
ODD = "a'b\\c\n\tdé\x00{}$?"


@pytest.fixture
def client(clickhouse_url: str) -> Iterator[Client]:
    with connected(clickhouse_url) as client:
        client.command(
            "CREATE TABLE t (id UInt64, name Nullable(String)) ENGINE = MergeTree ORDER BY id "
            "SETTINGS non_replicated_deduplication_window = 10"
        )
        yield client


def _ipc(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def test_what_is_inserted_comes_back_as_it_was(client: Client) -> None:
    client.insert_arrow("t", ROWS)
    assert client.query_arrow("SELECT * FROM t ORDER BY id").to_pylist() == ROWS.to_pylist()
    client.insert("t", [[7, ODD]], column_names=["id", "name"])
    assert client.query("SELECT name FROM t WHERE id = 7").result_rows == [(ODD,)]


def test_a_block_with_a_known_token_is_stored_once(client: Client) -> None:
    for token in ("one", "one", "two"):
        client.insert_arrow("t", ROWS, settings={"insert_deduplication_token": token})
    assert client.command("SELECT count() FROM t") == 4


def test_parameters_are_values(client: Client) -> None:
    asked = client.query_arrow(
        "SELECT {text:String} AS text, {none:Nullable(Int64)} AS none, "
        "{many:Array(String)} AS many",
        parameters={"text": ODD, "none": None, "many": [ODD, ""]},
    )
    assert asked.to_pylist() == [{"text": ODD, "none": None, "many": [ODD, ""]}]


@pytest.mark.parametrize("in_form", [False, True])
def test_tables_go_with_one_question_only(client: Client, in_form: bool) -> None:
    external = ExternalData(
        file_name="wanted",
        data=_ipc(ROWS),
        fmt="Arrow",
        structure="id UInt64, name Nullable(String)",
    )
    text = "SELECT id FROM wanted WHERE name = {name:String}"
    client._backend.form_encode_query_params = in_form  # type: ignore[attr-defined]
    asked = client.query_arrow(text, parameters={"name": "it's"}, external_data=external)
    assert asked["id"].to_pylist() == [1]
    with pytest.raises(DatabaseError) as refused:
        client.query_arrow(text, parameters={"name": "it's"})
    assert refused.value.code == 60


def test_settings_hold_for_one_question_only(client: Client) -> None:
    text = "SELECT value FROM system.settings WHERE name = 'max_block_size'"
    assert client.command(text, settings={"max_block_size": 77}) == 77
    assert client.command(text) != 77
    with pytest.raises(DatabaseError) as refused:
        client.command("SELECT 1", settings={"no_such_setting": "1"})
    assert refused.value.code == 115


def test_a_session_keeps_its_tables(client: Client) -> None:
    session = {"session_id": "one"}
    client.command("CREATE TEMPORARY TABLE kept (id UInt64)", settings=session)
    client.command("INSERT INTO kept VALUES (3)", settings=session)
    assert client.command("SELECT * FROM kept", settings=session) == 3


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELEC 1", 62),
        ("SELECT * FROM nowhere", 60),
        ("SELECT nothing FROM t", 47),
        (
            "SELECT sleepEachRow(0.2) FROM numbers(50) "
            "SETTINGS max_block_size = 1, max_execution_time = 1",
            159,
        ),
        (
            "SELECT groupArray(number) FROM numbers(9000000) SETTINGS max_memory_usage = 1000000",
            241,
        ),
    ],
)
def test_errors_have_the_codes_of_clickhouse(client: Client, text: str, code: int) -> None:
    with pytest.raises(DatabaseError) as refused:
        client.query(text)
    assert refused.value.code == code


def test_nobody_gets_in_with_another_password(clickhouse_server: str) -> None:
    wrong = clickhouse_server.replace("@", "x@")  # the end of the password
    with pytest.raises(DatabaseError) as refused, connected(wrong):
        pass
    assert refused.value.code == 516


def test_questions_run_beside_each_other(client: Client) -> None:
    client.insert_arrow("t", ROWS)

    def ask(number: int) -> int:
        return int(str(client.command(f"SELECT count() + {number} FROM t")))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(40))) == list(range(2, 42))


def test_a_large_answer_comes_whole(client: Client) -> None:
    found = client.query_arrow("SELECT number, toString(number) AS text FROM numbers(300000)")
    assert found["number"].to_pylist() == list(range(300_000))


def test_a_form_is_read_whatever_bytes_its_files_have() -> None:
    data = b"\r\n--b\r\n\x00\xff--"
    head = b'Content-Disposition: form-data; name="w"; filename="w"\r\n\r\n'
    body = b"--bound\r\n" + head + data + b"\r\n--bound--\r\n"
    request = read_request(
        {"query": "SELECT 1", "w_format": "Arrow", "w_types": "UInt8,String", "final": "1"},
        body,
        "multipart/form-data; boundary=bound",
    )
    (table,) = request.tables
    assert (table.name, table.format, table.data) == ("w", "Arrow", data)
    assert table.structure == "_1 UInt8, _2 String"
    assert request.settings == {"final": "1"}
