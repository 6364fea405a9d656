"""Reanalysing: what was made of the stored spans is what would be made of them today."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from collector.decoded import decode_request
from collector.decoding import make_decoder
from collector.refilling import Refiller
from collector.request_log import RequestLog
from storage.contract import ConnectionQuery, OrphanQuery, Page, SpanStore
from storage.engines import locate_request_log, open_store
from storage.schema import BATCH_SCHEMAS
from tests.builders import batch, link, request, span
from tests.golden.recordings import NAMES, read_requests
from tests.waiting import running
from tracestitch.analysis import AnalysisLoop
from tracestitch.cli import main
from tracestitch.reanalysis import analyse_all, refill_spans
from tracestitch.retention import RetentionLoop

ALL = Page(limit=1_000_000)
QUEUE = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}
TENANT = QUEUE | {"tenant": "T-1"}
# It opens the store, begins to write it anew, says so and waits to be killed.
BEGIN_AND_WAIT = """
import sys, time
from collector.refilling import Refiller
from storage.engines import rewritten_store
from tracestitch.reanalysis import refill_spans
with rewritten_store(sys.argv[1]) as (old, new):
    refill_spans(old, new, Refiller(["tenant"]), lambda spans: None)
    print("written", flush=True)
    time.sleep(600)
"""


def reanalyze(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["reanalyze", *map(str, arguments)])


def no_progress(spans: int) -> None:
    pass


def fill(store: SpanStore, keys: Sequence[str] = ()) -> None:
    """All recordings, a generation each, analysed."""
    decoder = make_decoder(keys)
    for number, name in enumerate(NAMES):
        builder = decoder.builder()
        for payload in read_requests(name):
            builder.append(payload)
        store.append(builder.seal(), number)
    analyse(store)


def analyse(store: SpanStore) -> None:
    loop = AnalysisLoop(store)
    while loop.run_once():
        pass


def content(store: SpanStore) -> dict[str, Any]:
    """Everything that the store holds."""
    generations = store.oldest_generations(10**9)
    traces = store.traces_until(10**9)
    tables = {name: getattr(store.spans_of(traces), name) for name in BATCH_SCHEMAS} | {
        "endpoints": store.endpoints_of(traces),
        "connections": store.connections(ConnectionQuery(min_confidence=0.0), ALL).table,
        "orphans": store.orphans(OrphanQuery(), ALL).table,
        "generations": generations,
        "correlation of traces": store.correlation_of(traces),
        "losses": store.losses(),
    }
    return {name: sorted(map(repr, table.to_pylist())) for name, table in tables.items()}


@pytest.fixture(params=["memory:", "duckdb:{directory}"])
def open_new(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], SpanStore]:
    return lambda name: open_store(request.param.format(directory=tmp_path / name))


def test_a_reanalysed_store_is_one_that_was_loaded_with_the_new_settings(
    open_new: Callable[[str], SpanStore],
) -> None:
    keys = ["messaging.message.id", "messaging.destination.name"]
    with (
        closing(open_new("old")) as old,
        closing(open_new("new")) as new,
        closing(open_new("fresh")) as fresh,
    ):
        fill(old)
        fill(fresh, keys)
        refill_spans(old, new, Refiller(keys), no_progress)
        analyse_all(new, no_progress)

        expected, found = content(fresh), content(new)
        assert found.keys() == expected.keys()
        for name, rows in expected.items():
            assert found[name] == rows, name
        assert content(old)["correlation"] != expected["correlation"]


def test_the_command_says_what_came_out_and_a_new_key_works_on_old_spans(tmp_path: Path) -> None:
    spans = [
        span("order.publish", trace=1, kind="PRODUCER", service="shop", attributes=TENANT),
        span("order.process", trace=2, kind="CONSUMER", service="pay", at=1.0, attributes=TENANT),
    ]
    file = tmp_path / "spans.pb"
    file.write_bytes(request(*spans))
    data = tmp_path / "data"
    loaded = CliRunner().invoke(main, ["load", str(file), f"--data-dir={data}"])
    assert loaded.exit_code == 0

    before = reanalyze("--data-dir", data)
    assert before.output == "Reanalysed 2 spans in 2 traces: 0 connections, 1 orphan root.\n"
    after = reanalyze("--store", f"duckdb:{data}", "--correlation-key", "tenant")
    assert after.output == "Reanalysed 2 spans in 2 traces: 1 connection, 1 orphan root.\n"
    with closing(open_store(f"duckdb:{data}")) as store:
        assert store.spans_with_correlation("tenant", "T-1").num_rows == 2
        assert store.status().pending_spans == 0


def test_killed_on_the_way_the_store_is_as_it_was_and_can_be_reanalysed(tmp_path: Path) -> None:
    url = f"duckdb:{tmp_path}"
    with closing(open_store(url)) as store:
        fill(store)
        before = content(store)
    command = [sys.executable, "-c", BEGIN_AND_WAIT, url]
    with running(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
    assert len(list(tmp_path.glob("*.new.duckdb*"))) >= 1

    with closing(open_store(url)) as store:
        assert content(store) == before
    assert [path.name for path in tmp_path.iterdir()] == ["tracestitch.duckdb"]
    assert reanalyze("--data-dir", tmp_path).exit_code == 0
    with closing(open_store(url)) as store:
        assert content(store) == before
    assert [path.name for path in tmp_path.iterdir()] == ["tracestitch.duckdb"]


def test_what_fails_on_the_way_leaves_the_store_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"duckdb:{tmp_path}"
    with closing(open_store(url)) as store:
        fill(store)
        before = content(store)

    def fail(*_: object) -> None:
        raise RuntimeError("analysis")

    monkeypatch.setattr("tracestitch.reanalysis.analyse_all", fail)
    assert isinstance(reanalyze("--data-dir", tmp_path).exception, RuntimeError)
    assert [path.name for path in tmp_path.iterdir()] == ["tracestitch.duckdb"]
    with closing(open_store(url)) as store:
        assert content(store) == before


def test_a_store_that_a_server_holds_or_that_is_none_is_refused_with_a_sentence(
    tmp_path: Path,
) -> None:
    with closing(open_store(f"duckdb:{tmp_path}")):
        held = reanalyze("--data-dir", tmp_path)
    missing = reanalyze("--data-dir", tmp_path / "none")
    memory = reanalyze("--store", "memory:")
    assert [held.exit_code, missing.exit_code, memory.exit_code] == [1, 1, 1]
    assert "is open in this process already" in held.output
    assert missing.output.startswith("Error: There is no store at")
    assert memory.output == 'Error: The store "memory:" is not a file that could be written anew.\n'
    assert not (tmp_path / "none").exists()


def test_a_consumer_whose_producer_was_deleted_is_an_expected_orphan_afterwards(
    tmp_path: Path,
) -> None:
    url = f"duckdb:{tmp_path}"
    linked = span(
        "order.process",
        trace=2,
        id=21,
        kind="CONSUMER",
        service="pay",
        at=1.0,
        attributes=QUEUE,
        links=[link(trace=1, id=11)],
    )
    with closing(open_store(url)) as store:
        sent = span("order.publish", trace=1, id=11, kind="PRODUCER", attributes=QUEUE)
        store.append(batch(sent), 1)
        store.append(batch(linked), 2)
        loop = AnalysisLoop(store)
        while loop.run_once():
            pass
        RetentionLoop(store, loop).delete_until(1, "age")
        assert store.connections(ConnectionQuery(), ALL).table.num_rows == 1

    assert reanalyze("--data-dir", tmp_path).exit_code == 0

    with closing(open_store(url)) as store:
        assert store.connections(ConnectionQuery(), ALL).table.num_rows == 0
        (orphan,) = store.orphans(OrphanQuery(), ALL).table.to_pylist()
        assert (orphan["cause_code"], orphan["expected"]) == ("K7", True)
        assert store.losses().num_rows == 1


def test_spans_of_a_killed_server_s_request_log_are_reanalysed_too(tmp_path: Path) -> None:
    url = f"duckdb:{tmp_path}"
    open_store(url).close()
    directory = locate_request_log(url)
    assert directory is not None
    RequestLog(directory).append([request(span(attributes={"tenant": "T-1"}))])

    done = reanalyze("--data-dir", tmp_path, "--correlation-key", "tenant")

    assert done.output.startswith("Reanalysed 1 span in 1 trace: ")
    with closing(open_store(url)) as store:
        assert store.spans_with_correlation("tenant", "T-1").num_rows == 1


def test_reanalysing_takes_no_more_spans_at_once_than_a_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tracestitch.reanalysis.BATCH_SPANS", 2)
    old, new = open_store("memory:"), open_store("memory:")
    for trace in range(1, 6):
        old.append(decode_request(make_decoder(), request(span(trace=trace))).batch, trace)
    taken: list[int] = []
    refill_spans(old, new, Refiller(), taken.append)
    assert taken == [2, 2, 1]
    assert isinstance(content(new)["spans"], list)
    assert content(new)["spans"] == content(old)["spans"]
    assert pa.Table.equals(new.oldest_generations(9), old.oldest_generations(9))
