"""/metrics: OpenMetrics that parses, with everything that was counted, and documented."""

import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.answer_builders import Scene
from tests.unit.web.applications import application
from tests.web_client import WebClient

DOCUMENT = Path(__file__).parents[4] / "docs" / "operations.md"


def read_families(client: WebClient) -> dict[str, Any]:
    """The families of /metrics, by name. The parser refuses what is not OpenMetrics."""
    text = client.get("/metrics").text
    return {family.name: family for family in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call] # has no annotations


def read_samples(client: WebClient) -> dict[str, float]:
    """Values by the name and the labels as they stand in the text."""
    lines = client.get("/metrics").text.splitlines()
    samples = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {name: float(value) for name, _, value in samples}


@pytest.mark.parametrize(
    ("sample", "value"),
    [
        ('tracestitch_otlp_requests_total{transport="grpc"}', 2),
        ('tracestitch_otlp_requests_refused_total{transport="grpc"}', 1),
        ('tracestitch_otlp_request_bytes_total{transport="http"}', 0),
        ("tracestitch_spans_accepted_total", 3),
        ("tracestitch_spans_duplicate_total", 0),
        ('tracestitch_requests_refused_total{reason="overloaded"}', 1),
        ('tracestitch_requests_refused_total{reason="undecodable"}', 0),
        ('tracestitch_otlp_http_answers_total{code="413"}', 2),
        ('tracestitch_otlp_items_dropped_total{signal="metrics"}', 7),
        ("tracestitch_requests_unauthenticated_total", 4),
        ("tracestitch_queue_bytes", 5),
        ('tracestitch_acknowledge_seconds_bucket{le="0.025"}', 1),
        ('tracestitch_acknowledge_seconds_bucket{le="+Inf"}', 2),
        ("tracestitch_acknowledge_seconds_sum", 3.02),
        ("tracestitch_analysis_pass_seconds_count", 2),
        ("tracestitch_analysis_last_pass_seconds", 0.25),
        ("tracestitch_checkpoint_seconds_count", 0),
        ("tracestitch_store_file_bytes", 0),
    ],
)
def test_what_was_counted_is_told(client: WebClient, sample: str, value: float) -> None:
    assert read_samples(client)[sample] == pytest.approx(value)


def test_names_say_their_unit(client: WebClient) -> None:
    families = read_families(client)
    assert families["tracestitch_commit_seconds"].unit == "seconds"
    assert families["tracestitch_request_log_bytes"].unit == "bytes"
    assert families["tracestitch_request_bytes"].unit == "bytes"


def test_metrics_are_told_while_the_store_cannot_be_read() -> None:
    store = Scene().store()
    client = application(store)
    store.close()
    samples = read_samples(client)
    assert samples["tracestitch_spans_accepted_total"] == 3
    assert "tracestitch_spans" not in samples


def test_every_metric_is_documented_with_its_type_and_no_documented_one_is_gone(
    client: WebClient,
) -> None:
    rows = re.findall(r"^\| `(tracestitch_\w+)` \| (\w+) \|", DOCUMENT.read_text("utf-8"), re.M)
    suffixes = {"counter": "_total", "info": "_info"}
    told = {
        name + suffixes.get(family.type, ""): family.type
        for name, family in read_families(client).items()
    }
    assert dict(rows) == told
