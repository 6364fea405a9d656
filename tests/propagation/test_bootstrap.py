"""Tracing of a process in one call, seen in processes of their own."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterable

from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from collector.otlp_sink import OtlpSink


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def export(code: str, **environment: str) -> ResourceSpans:
    """What a process that ends by itself has exported. `{endpoint}` in the code or in the
    environment is where it is taken."""
    with OtlpSink() as sink:
        endpoint = f"http://{sink.endpoint}"
        told = {name: value.format(endpoint=endpoint) for name, value in environment.items()}
        done = run(code.replace("{endpoint}", endpoint), **told)
        assert (done.returncode, done.stderr) == (0, "")
        [request] = sink.parsed()
    [found] = request.resource_spans
    return found


def texts(attributes: Iterable[KeyValue]) -> dict[str, str]:
    return {each.key: each.value.string_value for each in attributes}


def test_spans_of_a_process_are_exported_when_it_ends() -> None:
    found = export(
        """
        from opentelemetry import baggage, context
        from tracestitch_propagation import init_tracer

        tracer = init_tracer(
            "shop",
            endpoint="{endpoint}",
            namespace="stores",
            environment="test",
            version="1.2",
        )
        context.attach(baggage.set_baggage("workflow.id", "w-1"))
        with tracer.start_as_current_span("work"):
            pass
        """
    )

    resource = texts(found.resource.attributes)
    assert resource.items() >= {
        ("service.name", "shop"),
        ("service.namespace", "stores"),
        ("deployment.environment.name", "test"),
        ("service.version", "1.2"),
    }
    [scope_spans] = found.scope_spans
    [span] = scope_spans.spans
    assert (scope_spans.scope.name, span.name) == ("shop", "work")
    assert texts(span.attributes) == {"workflow.id": "w-1"}


def test_the_environment_says_where_spans_go() -> None:
    code = """
        from tracestitch_propagation import init_tracer

        with init_tracer("shop").start_as_current_span("work"):
            pass
        """
    found = export(
        code,
        OTEL_EXPORTER_OTLP_ENDPOINT="{endpoint}",
        OTEL_RESOURCE_ATTRIBUTES="service.instance.id=i-1",
    )

    assert texts(found.resource.attributes).items() >= {
        ("service.name", "shop"),
        ("service.instance.id", "i-1"),
    }


def test_a_second_call_keeps_the_provider_of_the_first() -> None:
    done = run(
        """
        from opentelemetry import trace
        from tracestitch_propagation import init_tracer

        init_tracer("shop")
        first = trace.get_tracer_provider()
        init_tracer("shop")
        assert trace.get_tracer_provider() is first
        """
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_without_the_sdk_a_sentence_says_what_to_install() -> None:
    done = run(
        """
        import sys
        sys.modules["opentelemetry.sdk"] = None
        from tracestitch_propagation import init_tracer

        init_tracer("shop")
        """
    )

    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: init_tracer needs OpenTelemetry's SDK and its OTLP exporter for"
        " gRPC: install tracestitch-propagation[otlp]"
    )
