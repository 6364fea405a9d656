"""What the empty page tells to a service in Python, done as it stands."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.flow.servers import RunningServer, serving
from web.flow_map.exporters import PROTOCOLS, Protocol, Target, list_guides

_WORK = """
with trace.get_tracer("shop").start_as_current_span("order.publish"):
    pass
provider.shutdown()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serving(None) as running:
        yield running


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_variables_and_the_code_bring_a_span_here(
    protocol: Protocol, server: RunningServer
) -> None:
    before = server.get("/api/v1/status")["spans"]
    http = server.http.removeprefix("http://")
    target = Target(server.grpc, http, secure=False, token=False)
    python = next(guide for guide in list_guides(target) if guide.name == "Python")
    variables, _, code = python.texts[protocol]
    told = dict(line.split("=", 1) for line in variables.splitlines())
    plain = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_")}
    subprocess.run([sys.executable, "-c", code + _WORK], env=plain | told, check=True, timeout=60)
    assert server.wait_for_spans(before + 1)["spans"] == before + 1
    assert server.get("/api/v1/services")["services"] == ["order-service"]
