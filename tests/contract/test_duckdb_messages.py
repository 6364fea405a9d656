"""The DuckDB engine keeps in a second table what few messages tell: nobody sees it."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from storage import duckdb_deletion, duckdb_trace_rows, duckdb_write, schema
from storage.contract import SpanStore
from storage.duckdb_messages import COMMON, LEAN, WHOLE
from storage.duckdb_opening import FILE_NAME
from storage.engines import open_store
from tests.contract import rows
from tests.contract.rows import Row, make_batch, span, trace_numbers, traces
from tests.contract.stores import (
    FORM_OF_VERSION_3,
    FORM_OF_VERSION_4,
    change_file,
    start_process,
)
from tests.waiting import PATIENCE_SECONDS

HOSTILE = ("", "\x00", "a\x00b", "'; DROP TABLE messaging; --", '"\\', "\U0001f4a9", "x" * 100_000)
SPANS = [span(1, n) for n in range(1, 7)] + [span(2, 1)]

# Brings an older store up to date and is killed when all is written but the log is not read.
KILLED_BEFORE_THE_CHECKPOINT = """
import os, signal, sys
import duckdb
from storage import duckdb_opening
from storage.duckdb_schema import prepare

path = sys.argv[1]
connection = duckdb.connect(path)
prepare(connection)
os.kill(os.getpid(), signal.SIGKILL)
"""
KILLED_BEFORE_THE_COMMIT = KILLED_BEFORE_THE_CHECKPOINT.replace(
    "prepare(connection)",
    """from storage import duckdb_schema
duckdb_schema._rewrite = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
prepare(connection)""",
)


def message(of: Row, **values: Any) -> Row:
    """As decoders tell of one without two values of one column."""
    return rows.message(of, **({"alternatives": None} | values))


def told_messages() -> list[Row]:
    """Of one span with what is common, with what is rare, with a link's
    and an event's beside it, and with nothing."""
    return [
        message(SPANS[0], message_id="a", kafka_offset=-(2**63), body_size=2**63 - 1),
        message(SPANS[1], message_id="b", delivery_attempt=2, system="sqs"),
        message(SPANS[2], part="link", position=1, message_id="c"),
        message(SPANS[2], message_id="d"),
        message(SPANS[2], part="event", position=0, event_id="e"),
        message(SPANS[3], kafka_key="k", alternatives='{"kafka_key":["x"]}'),
        message(SPANS[4]),
        message(SPANS[5], server_port=0, received_attributes=0),
        message(SPANS[6], message_id="f"),
    ]


def hostile_messages() -> list[Row]:
    texts = [n for n in schema.MESSAGE_COLUMNS if schema.TYPED_COLUMNS[n] == schema.TEXT]
    return [
        message(one, **dict.fromkeys(texts[place % 2 :: 2], text))
        for place, (one, text) in enumerate(zip(SPANS, HOSTILE, strict=True))
    ]


def messages(store: SpanStore, *numbers: int) -> list[Row]:
    """In the order in which they are given."""
    return store.spans_of(traces(*numbers)).messaging.to_pylist()


def asked(store: SpanStore) -> dict[str, Any]:
    found = store.spans_of(traces(1, 2))
    told = {n: sorted(getattr(found, n).to_pylist(), key=repr) for n in schema.BATCH_SCHEMAS}
    return told | {"arrived": sorted(trace_numbers(store.traces_since(0, 100)[0]))}


def rows_in(path: Path, table: str) -> int:
    with duckdb.connect(path) as connection:
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (None,)
    assert isinstance(count, int)
    return count


@pytest.fixture
def open_here(tmp_path: Path) -> Callable[[], Any]:
    return lambda: closing(open_store(f"duckdb:{tmp_path}"))


@pytest.mark.parametrize("made", [told_messages, hostile_messages])
def test_all_that_is_told_comes_back_as_it_came(
    made: Callable[[], list[Row]], open_here: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = make_batch(SPANS, messaging=made())
    with open_here() as store, closing(open_store("memory:")) as reference:
        for engine in (store, reference):
            engine.append(batch, 1)
        assert asked(store) == asked(reference)
        monkeypatch.setattr(duckdb_trace_rows, "_FEW_IDS", 0)
        assert asked(store) == asked(reference)


def test_rows_come_in_the_order_in_which_one_table_has_them(
    open_here: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = make_batch(SPANS, messaging=told_messages())
    with open_here() as store, closing(open_store(f"duckdb:{tmp_path / 'one'}")) as one:
        store.append(batch, 1)
        monkeypatch.setattr(duckdb_write, "split_messages", lambda rows: {WHOLE: rows})
        one.append(batch, 1)
        for numbers in ((1,), (2,), (1, 2), ()):
            assert messages(store, *numbers) == messages(one, *numbers)


def test_a_message_is_kept_whole_only_where_its_span_tells_what_few_do(
    open_here: Callable[[], Any], tmp_path: Path
) -> None:
    with open_here() as store:
        store.append(make_batch(SPANS, messaging=told_messages()), 1)
    # Of the spans 2, 3 (with a link's and an event's), 4 and 6.
    assert (rows_in(tmp_path / FILE_NAME, LEAN), rows_in(tmp_path / FILE_NAME, WHOLE)) == (3, 6)


def test_each_column_is_common_or_kept_whole(open_here: Callable[[], Any], tmp_path: Path) -> None:
    columns = [*schema.MESSAGE_COLUMNS, "alternatives"]
    spans = [span(1, number) for number, _ in enumerate(columns)]
    values: dict[str, Any] = {
        name: 7 if schema.TYPED_COLUMNS.get(name) == schema.I64 else "v" for name in columns
    }
    told = [message(spans[n], **{name: values[name]}) for n, name in enumerate(columns)]
    with open_here() as store:
        store.append(make_batch(spans, messaging=told), 1)
        found = {row["span_id"]: row for row in messages(store, 1)}
    assert [found[n][name] for n, name in enumerate(columns)] == list(values.values())
    assert rows_in(tmp_path / FILE_NAME, LEAN) == len(COMMON)
    assert rows_in(tmp_path / FILE_NAME, WHOLE) == len(columns) - len(COMMON)


def test_two_contents_of_one_id_are_kept_apart(open_here: Callable[[], Any]) -> None:
    """Whoever finds texts with the same hash may send two messages of what looks like one span."""
    told = [message(SPANS[0], message_id="a"), message(SPANS[0], message_id="b", event_id="e")]
    with open_here() as store:
        store.append(make_batch(SPANS, messaging=told), 1)
        assert [(row["message_id"], row["event_id"]) for row in messages(store, 1)] == [
            ("a", None),
            ("b", "e"),
        ]


def test_both_tables_are_deleted_with_their_generation(
    open_here: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_deletion, "_WORTH_SWEEPING", 0)
    late = [span(3, 1), span(3, 2)]
    with open_here() as store:
        store.append(make_batch(SPANS, messaging=told_messages()), 1)
        told = [message(late[0], message_id="x", system="a"), message(late[1], event_id="y")]
        store.append(make_batch(late, messaging=told), 2)
        store.delete_until(1, traces(1, 2))
        assert messages(store, 1, 2) == []
        found = store.spans_of(traces(3))
        assert found.messaging["message_id"].to_pylist() == ["x", None]
        assert found.messaging["event_id"].to_pylist() == [None, "y"]
        # What only one of them named is swept, what either names is not.
        shapes = {row["shape_id"]: row["system"] for row in found.shapes.to_pylist()}
        assert [shapes[n] for n in found.messaging["shape_id"].to_pylist()] == ["a", None]
        store.delete_until(2, traces(3))
        assert store.spans_of(traces(3)).shapes.num_rows == 0


def test_a_span_that_only_tells_what_few_do_brings_its_trace(open_here: Callable[[], Any]) -> None:
    with open_here() as store:
        rare = message(SPANS[6], event_id="e")
        store.append(make_batch(SPANS, messaging=[rare]), 1)
    with open_here() as store:  # from the file
        assert trace_numbers(store.traces_since(0, 100)[0]) == [2]


@pytest.mark.parametrize("form", [FORM_OF_VERSION_4, FORM_OF_VERSION_3])
@pytest.mark.parametrize("made", [told_messages, hostile_messages])
def test_an_older_store_tells_as_before_and_takes_more(
    form: tuple[str, ...],
    made: Callable[[], list[Row]],
    open_here: Callable[[], Any],
    tmp_path: Path,
) -> None:
    with open_here() as store:
        store.append(make_batch(SPANS, messaging=made()), 1)
        before = asked(store)
        in_order = messages(store, 1, 2)
    change_file(tmp_path / FILE_NAME, *form)
    late = [span(1, 9), span(3, 1)]
    for times in range(2):
        with open_here() as store:
            if not times:
                assert asked(store) == before
                assert messages(store, 1, 2) == in_order
                more = [message(late[0], message_id="l"), message(late[1], event_id="e")]
                assert store.append(make_batch(late, messaging=more), 2).stored == 2
            assert messages(store, 2) == [row for row in in_order if row["trace_lo"] == 2]
            assert messages(store, 1)[-1]["message_id"] == "l"
            assert messages(store, 3)[0]["event_id"] == "e"
            assert messages(store, 1)[:-1] == [row for row in in_order if row["trace_lo"] == 1]
    with open_here() as store:
        store.delete_until(1, traces(1, 2))
        told = messages(store, 1, 2, 3)
        assert {(row["message_id"], row["event_id"]) for row in told} == {("l", None), (None, "e")}


def test_an_empty_store_of_version_4_is_opened(
    open_here: Callable[[], Any], tmp_path: Path
) -> None:
    with open_here():
        pass
    change_file(tmp_path / FILE_NAME, *FORM_OF_VERSION_4)
    with open_here() as store:
        store.append(make_batch(SPANS, messaging=told_messages()), 1)
        assert len(messages(store, 1, 2)) == len(told_messages())


def test_an_older_store_without_a_column_that_came_later_gets_it(
    open_here: Callable[[], Any], tmp_path: Path
) -> None:
    with open_here() as store:
        store.append(make_batch(SPANS, messaging=told_messages()), 1)
    dropped = ("received_attributes", "body_size")
    change_file(
        tmp_path / FILE_NAME,
        *FORM_OF_VERSION_4,
        *(f"ALTER TABLE messaging DROP COLUMN {name}" for name in dropped),
    )
    with open_here() as store:
        assert [row["body_size"] for row in messages(store, 2)] == [None]
        one = span(3, 1)
        store.append(make_batch([one], messaging=[message(one, received_attributes=4)]), 2)
        assert [row["received_attributes"] for row in messages(store, 3)] == [4]


def test_a_column_that_became_rare_is_still_told(
    open_here: Callable[[], Any], tmp_path: Path
) -> None:
    """A later version may count other columns among the common ones."""
    with open_here() as store:
        store.append(make_batch(SPANS, messaging=told_messages()), 1)
    change_file(
        tmp_path / FILE_NAME,
        "ALTER TABLE messaging ADD COLUMN event_id VARCHAR",
        "UPDATE messaging SET event_id = 'was common' WHERE message_id = 'f'",
    )
    with open_here() as store:
        assert [row["event_id"] for row in messages(store, 2)] == ["was common"]


@pytest.mark.parametrize("form", [FORM_OF_VERSION_4, FORM_OF_VERSION_3])
@pytest.mark.parametrize("script", [KILLED_BEFORE_THE_COMMIT, KILLED_BEFORE_THE_CHECKPOINT])
def test_a_migration_that_is_killed_goes_on(
    form: tuple[str, ...], script: str, open_here: Callable[[], Any], tmp_path: Path
) -> None:
    with open_here() as store:
        store.append(make_batch(SPANS, messaging=told_messages()), 1)
        before = asked(store)
    path = tmp_path / FILE_NAME
    change_file(path, *form)
    with start_process(script, str(path)) as process:
        process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == -9
    with open_here() as store:
        assert asked(store) == before


def test_spans_of_both_tables_are_stored_again(
    open_here: Callable[[], Any], tmp_path: Path
) -> None:
    batch = make_batch(SPANS, messaging=told_messages())
    with open_here() as store, closing(open_store(f"duckdb:{tmp_path / 'again'}")) as again:
        store.append(batch, 1)
        stored = store.stored_spans(0, 100)
        told = {"messaging": batch.messaging, "shapes": batch.shapes}
        again.restore(replace(stored, batch=replace(stored.batch, **told)))
        assert messages(again, 1, 2) == messages(store, 1, 2)
