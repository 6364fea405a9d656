"""`tracestitch serve --role`: one server as several processes over one ClickHouse."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest

from collector.otlp_client import OtlpClient
from storage.clickhouse.store import ClickHouseStore
from tests.builders import request, span
from tests.clickhouse.rig import database
from tests.flow.servers import RunningServer, run_command, run_serve, serving

RECORDINGS = Path(__file__).parents[2] / "sample_data" / "recordings"


@pytest.fixture(scope="module")
def shared(clickhouse_server: str) -> Iterator[str]:
    """The address of their store."""
    with database(clickhouse_server) as url:
        yield url


@pytest.fixture(scope="module")
def running(shared: str) -> Iterator[dict[str, RunningServer]]:
    with ExitStack() as stack:
        flags = {
            "collector": ["--role=collector"],
            "analyzer": ["--role=analyzer", "--partition=1/2"],
            "second": ["--role=analyzer", "--partition=2/2"],
            "web": ["--role=web"],
        }
        yield {name: stack.enter_context(serving(shared, *told)) for name, told in flags.items()}


def export(server: RunningServer, payload: bytes) -> None:
    client = OtlpClient(server.grpc)
    try:
        client.send(payload)
    finally:
        client.close()


def ask(server: RunningServer, path: str) -> httpx.Response:
    return httpx.get(f"{server.web}{path}", trust_env=False, timeout=30)


def test_what_a_collector_took_in_and_two_analyzers_worked_out_is_shown(
    running: dict[str, RunningServer],
) -> None:
    recording = RECORDINGS / "manual_sqs_s1"
    truth = json.loads((recording / "truth.json").read_text())
    endpoint = f"--otlp-endpoint={running['collector'].grpc}"
    assert run_command("load", str(recording / "spans.otlp.pb"), endpoint).returncode == 0

    status = running["web"].wait_for_spans(1)

    found = running["web"].get("/api/v1/orphans")["orphans"]
    broken = {edge["consumer"]["span_id"] for edge in truth["edges"] if edge["cause"] == "S1"}
    assert {each["span_id"] for each in found} == broken
    assert {each["cause"]["code"] for each in found} == {"S1"}
    assert status["store"] == "clickhouse"
    assert [(each["partition"], each["running"]) for each in status["analyzers"]] == [
        ("1/2", True),
        ("2/2", True),
    ]
    assert running["second"].said[-1].startswith("role analyzer, partition 2/2, store ")
    assert running["web"].said[-1].startswith("role web, store clickhouse://127.0.0.1:")


def test_the_web_says_that_spans_were_read_otherwise_than_a_collector_reads_now(
    running: dict[str, RunningServer], shared: str
) -> None:
    export(running["collector"], request(span()))
    assert running["web"].wait_for_spans(1)["needs_reanalyze"] is False
    with closing(ClickHouseStore(shared)) as store:  # as a collector of another version does
        store.note_settings("other")
    assert running["web"].get("/api/v1/status")["needs_reanalyze"] is True
    assert "stay so until they are deleted" in ask(running["web"], "/status").text


def test_a_role_listens_for_nothing_else(running: dict[str, RunningServer]) -> None:
    for role in ("collector", "analyzer"):
        assert ask(running[role], "/api/v1/status").status_code == 404
        assert "--role web" in ask(running[role], "/").text
    for server in running.values():
        assert ask(server, "/healthz").status_code == 200
        assert ask(server, "/readyz").status_code == 200
        assert "tracestitch_spans" in ask(server, "/metrics").text
    for role in ("analyzer", "web"):
        assert not any(line.startswith("OTLP") for line in running[role].said)


def test_what_was_acknowledged_survives_the_death_of_its_collector(clickhouse_url: str) -> None:
    with serving(clickhouse_url, "--role=collector") as first:
        export(first, request(span(trace=1)))
        first.kill()
    with (
        serving(clickhouse_url, "--role=collector") as second,
        serving(clickhouse_url, "--role=collector") as third,
        serving(clickhouse_url, "--role=web") as web,
    ):
        export(second, request(span(trace=1)))  # sent again
        export(third, request(span(trace=2)))
        assert web.get("/api/v1/status")["spans"] == 2


def test_an_analyzer_that_starts_later_works_out_what_is_stored(clickhouse_url: str) -> None:
    with (
        serving(clickhouse_url, "--role=collector") as collector,
        serving(clickhouse_url, "--role=web") as web,
    ):
        export(collector, request(span(trace=1)))
        time.sleep(1.5)
        assert web.get("/api/v1/status")["pending_spans"] == 1
        with serving(clickhouse_url, "--role=analyzer"):
            assert web.wait_for_spans(1)["pending_spans"] == 0


def test_a_second_analyzer_takes_over_when_the_first_has_gone(clickhouse_url: str) -> None:
    with (
        serving(clickhouse_url, "--role=collector") as collector,
        serving(clickhouse_url, "--role=web") as web,
        serving(clickhouse_url, "--role=analyzer") as first,
        serving(clickhouse_url, "--role=analyzer"),
    ):
        export(collector, request(span(trace=1)))
        web.wait_for_spans(1)
        assert first.stop()[0] == 0
        export(collector, request(span(trace=2)))
        assert web.wait_for_spans(2)["pending_spans"] == 0


@pytest.mark.parametrize("role", ["collector", "analyzer", "web"])
def test_a_store_of_one_process_has_one_role(role: str) -> None:
    ended = run_serve(f"--role={role}")

    assert ended.returncode == 1
    assert ended.stderr == (
        f"Error: --role {role} needs a store that several processes can use,"
        " --store clickhouse://HOST/DATABASE: any other belongs to one process.\n"
    )


def test_a_store_of_one_process_is_not_divided() -> None:
    ended = run_serve("--partition=2/4")

    assert ended.returncode == 1
    assert ended.stderr.startswith(
        "Error: --partition 2/4 needs a store that several processes can use,"
    )


def test_an_unknown_role_is_one_sentence() -> None:
    ended = run_serve("--role=drummer")

    assert ended.returncode == 2
    assert "a role is all, collector, analyzer, web." in ended.stderr


def test_a_password_is_never_said(clickhouse_url: str) -> None:
    password = clickhouse_url.partition("@")[0].rpartition(":")[2]
    with serving(clickhouse_url, "--log-format=json") as server:
        code, said = server.stop()

    assert code == 0
    assert password not in "\n".join(server.said) + said
    ended = run_serve("--store=clickhouse://someone:s3cret-word@127.0.0.1:1/nothing")
    assert ended.returncode == 1
    assert "s3cret-word" not in ended.stdout + ended.stderr
