"""/metrics of a running server after known traffic."""

import httpx
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from collector.otlp_client import OtlpClient
from tests.builders import request, span
from tests.flow.servers import RunningServer, serving


def read_samples(server: RunningServer) -> dict[tuple[str, str], float]:
    """Values by the sample's name and the value of its label, if it has one."""
    text = httpx.get(f"{server.web}/metrics", trust_env=False, verify=False, timeout=30).text
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call] # has no annotations
        for sample in family.samples
    }


def test_what_was_sent_resent_and_refused_is_counted() -> None:
    with serving(None) as server:
        client = OtlpClient(server.grpc)
        for _ in range(2):
            client.send(request(span(trace=1, id=1), span(trace=1, id=2)))
        client.close()
        headers = {"content-type": "application/x-protobuf"}
        for path, body in (("/v1/traces", b"\xff"), ("/nowhere", b"")):
            httpx.post(f"{server.http}{path}", content=body, headers=headers, trust_env=False)
        server.wait_for_spans(2)
        samples = read_samples(server)

    assert {
        key: samples[f"tracestitch_{key[0]}", key[1]]
        for key in (
            ("otlp_requests_total", "grpc"),
            ("otlp_requests_total", "http"),
            ("otlp_http_answers_total", "400"),
            ("otlp_http_answers_total", "404"),
            ("requests_refused_total", "undecodable"),
            ("spans_accepted_total", ""),
            ("spans_stored_total", ""),
            ("spans_duplicate_total", ""),
            ("acknowledge_seconds_count", ""),
            ("waiting_spans", ""),
            ("pending_spans", ""),
        )
    } == {
        ("otlp_requests_total", "grpc"): 2,
        ("otlp_requests_total", "http"): 1,
        ("otlp_http_answers_total", "400"): 1,
        ("otlp_http_answers_total", "404"): 1,
        ("requests_refused_total", "undecodable"): 1,
        ("spans_accepted_total", ""): 4,
        ("spans_stored_total", ""): 2,
        ("spans_duplicate_total", ""): 2,
        ("acknowledge_seconds_count", ""): 3,
        ("waiting_spans", ""): 0,
        ("pending_spans", ""): 0,
    }
    assert samples["tracestitch_commits_total", ""] >= 1
    assert samples["tracestitch_analysis_pass_seconds_count", ""] >= 1
