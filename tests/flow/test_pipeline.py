"""The sample pipeline itself: real processes, SDK, exporter and broker protocols."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from collector.otlp_sink import OtlpSink
from sample_data.pipeline.fleet import Child, ChildError
from sample_data.pipeline.ledger import Line
from sample_data.pipeline.scenario import Pipeline
from sample_data.pipeline.switches import Switch
from sample_data.truth import Fact, RecordedSpan, read_spans, tell_truth
from tests.waiting import running

SERVICES = {"order-service", "payment-service", "inventory-service", "warehouse-service"}


@dataclass(frozen=True)
class Run:
    spans: dict[tuple[str, str], RecordedSpan]
    truth: Fact
    healthy: list[str]
    hit: list[str]

    def services_of(self, trace_id: str) -> set[str]:
        return {span.service for span in self.spans.values() if span.key[0] == trace_id}

    def edges_of(self, order_id: str) -> list[Fact]:
        return [edge for edge in self.truth["edges"] if edge["order_id"] == order_id]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Two healthy orders, then two whose Kafka headers are dropped, under settings
    of the caller that would silence every exporter if they reached the services."""
    with pytest.MonkeyPatch.context() as patch, OtlpSink() as sink:
        patch.setenv("OTEL_SDK_DISABLED", "true")
        patch.setenv("http_proxy", "http://127.0.0.1:9")
        with Pipeline(sink.endpoint) as pipeline:
            healthy = pipeline.place_orders(2)
            pipeline.wait_until_drained(healthy)
            pipeline.turn(Switch.HEADERS_DROPPED)
            hit = pipeline.place_orders(2)
            pipeline.wait_until_drained(hit)
        spans = read_spans(sink.parsed())
        truth = tell_truth(spans, pipeline.ledger, pipeline.switches)
        yield Run(spans, truth, healthy, hit)


def test_a_healthy_order_is_one_trace_over_four_services(run: Run) -> None:
    for order_id in run.healthy:
        traces = {edge["consumer"]["trace_id"] for edge in run.edges_of(order_id)}
        assert len(traces) == 1
        assert run.services_of(traces.pop()) == SERVICES


def test_every_hand_over_of_a_healthy_order_is_connected(run: Run) -> None:
    edges = [edge for order_id in run.healthy for edge in run.edges_of(order_id)]
    assert [edge["relation"] for edge in edges] == ["parent"] * 6


def test_a_switch_hits_every_order_placed_under_it_and_no_other(run: Run) -> None:
    broken = {edge["order_id"] for edge in run.truth["edges"] if edge["cause"]}
    assert broken == set(run.hit)
    assert {orphan["cause"] for orphan in run.truth["orphan_roots"]} == {"K1"}
    assert len(run.truth["orphan_roots"]) == len(run.hit)


def test_an_order_begins_with_its_request(run: Run) -> None:
    entries = [root for root in run.truth["not_orphans"] if root["reason"] == "entry point"]
    assert {(root["service"], root["name"]) for root in entries} == {
        ("order-service", "POST /orders")
    }
    assert len(entries) == len(run.healthy + run.hit)


def test_a_process_that_cannot_start_is_named() -> None:
    lines: list[Line] = []
    child = Child("no_such_service", hear=lines.append)
    with pytest.raises(ChildError, match="no_such_service did not start"):
        child.wait_until_ready()
    child.ask_to_stop()
    child.wait()
    assert lines == [{"event": "ended", "module": "no_such_service"}]


STARTER = """
import time
from sample_data.pipeline.fleet import Child
child = Child("brokers", hear=lambda line: None)
child.wait_until_ready()
print("ready", flush=True)
time.sleep(60)
"""


def test_no_process_outlives_a_starter_that_was_killed() -> None:
    """Whoever lives holds the error stream open: its end is the end of all."""
    command = [sys.executable, "-c", STARTER]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stderr is not None
        assert starter.stdout.readline() == "ready\n"
        starter.kill()
        assert starter.stderr.read() == ""
    assert starter.returncode == -signal.SIGKILL
