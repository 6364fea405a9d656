"""What else sends over HTTP to the running server: pages in browsers, JSON, other signals."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import (
    OTLPMetricExporter as GrpcMetrics,
)
from opentelemetry.exporter.otlp.proto.http.metric_exporter import (
    OTLPMetricExporter as HttpMetrics,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader

from tests.flow.servers import RunningServer, serving

SHOP = "https://shop.example"
SPAN = {
    "traceId": f"{0xCAFE:032x}",
    "spanId": f"{1:016X}",
    "name": "click",
    "kind": 3,
    "startTimeUnixNano": "1760000000000000000",
    "endTimeUnixNano": "1760000000000000500",
    "attributes": [{"key": "order.id", "value": {"intValue": "123"}}],
}
REQUEST = {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN, SPAN | {"spanId": ""}]}]}]}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serving(None, f"--cors-origin={SHOP}") as running:
        yield running


def send(server: RunningServer, method: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.request(
        method,
        f"{server.http}/v1/traces",
        headers=named,
        content=json.dumps(REQUEST).encode() if method == "POST" else b"",
        trust_env=False,
        verify=False,
        timeout=60,
    )


def test_a_page_of_a_given_origin_sends_json_that_is_stored_and_shown(
    server: RunningServer,
) -> None:
    asked = {"access_control_request_method": "POST", "access_control_request_headers": "x"}
    preflight = send(server, "OPTIONS", origin=SHOP, **asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == SHOP

    answer = send(server, "POST", origin=SHOP, content_type="application/json")

    assert answer.headers["access-control-allow-origin"] == SHOP
    told = answer.json()["partialSuccess"]
    assert told["rejectedSpans"] == "1"
    assert "span_id" in told["errorMessage"]
    server.wait_for_spans(1)
    (stored,) = server.get(f"/api/v1/traces/{0xCAFE:032x}")["trace"]["spans"]
    assert (stored["name"], stored["kind"]) == ("click", "CLIENT")
    assert stored["attributes"] == {"order.id": 123}


def test_a_page_of_another_origin_gets_no_leave(server: RunningServer) -> None:
    preflight = send(
        server, "OPTIONS", origin="https://evil.example", access_control_request_method="POST"
    )

    assert "access-control-allow-origin" not in preflight.headers


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_an_exporter_of_metrics_succeeds_and_the_operator_is_told(
    transport: str, server: RunningServer
) -> None:
    def dropped() -> float:
        metrics = httpx.get(f"{server.web}/metrics", trust_env=False, verify=False).text
        found = re.search(
            r'^tracestitch_otlp_items_dropped_total.*"metrics".* (.+)$', metrics, re.M
        )
        assert found
        return float(found[1])

    exporter: MetricExporter = (
        GrpcMetrics(endpoint=server.grpc, insecure=True)
        if transport == "grpc"
        else HttpMetrics(endpoint=f"{server.http}/v1/metrics")
    )
    before = dropped()
    provider = MeterProvider([PeriodicExportingMetricReader(exporter)])
    provider.get_meter("shop").create_counter("orders").add(1)

    assert provider.force_flush()
    provider.shutdown()

    assert dropped() > before
