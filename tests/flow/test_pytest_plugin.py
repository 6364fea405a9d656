"""The pytest plugin in runs of pytest of their own."""

import subprocess
import sys

import pytest

# Runs in this process forget what they import, which some of these do not survive.
import tracestitch.testing.answers
import tracestitch.testing.ports
import tracestitch.testing.process_spans  # noqa: F401

pytest_plugins = ["pytester"]

TRACED = """
import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind

tracer = trace.get_tracer("shop")
SQS = {
    "messaging.system": "aws_sqs",
    "messaging.destination.name": "orders",
    "messaging.message.id": "5fea7756-0ea4-451a-a703-a558b933e274",
}

def publish():
    with tracer.start_as_current_span("order.publish", None, SpanKind.PRODUCER, SQS) as span:
        return trace.set_span_in_context(span)

def process(context=None, **attributes):
    described = SQS | attributes
    with tracer.start_as_current_span("order.process", context, SpanKind.CONSUMER, described):
        pass
"""


def run(
    pytester: pytest.Pytester, test: str, *arguments: str, apart: bool = False
) -> pytest.RunResult:
    """With every warning an error, as in projects that are strict; but for what an editable
    installation of this project brings with it. `apart` is a process of its own."""
    pytester.makepyfile(TRACED + test)
    run_pytest = pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess
    return run_pytest(
        *("--strict-markers", "--strict-config", "-W", "error", "-p", "no:cacheprovider"),
        *("-W", "ignore:Module already imported so cannot be rewritten"),
        *arguments,
    )


def test_what_is_seen_and_asserted_needs_no_setting_and_warns_of_nothing(
    pytester: pytest.Pytester,
) -> None:
    result = run(
        pytester,
        """
def test_propagated(stitched):
    process(publish())
    stitched.assert_propagated("order.publish", "order.process")

def test_each_test_sees_its_own_spans(stitched):
    assert list(stitched.spans) == []
    process(publish())
    assert len(stitched.spans) == 2

def test_a_provider_set_by_the_application_is_seen(stitched):
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    trace.set_tracer_provider(TracerProvider(resource=Resource({"service.name": "shop"})))
    process(publish())
    stitched.assert_propagated(producer_service="shop", consumer_service="shop")

def test_it_is_still_seen_by_the_next_test(stitched):
    process(publish())
    stitched.assert_propagated(producer_service="shop", consumer_service="shop")
""",
        apart=True,
    )

    result.assert_outcomes(passed=4)
    assert "warning" not in result.stdout.str()
    assert result.stderr.str() == ""


def test_a_failure_is_told_at_the_test_itself(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
def test_cut(stitched):
    publish()
    process()
    stitched.assert_propagated("order.publish", "order.process", timeout="10ms")
""",
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">       stitched.assert_propagated(*",
            "E       AssertionError: order.publish → order.process is not propagated in 1 of 1 *",
            "E         order.process in unknown_service*: orphan root, S1 Message attributes *",
            "E         *→ [[]stitched by *order.process * ! S1 Message attributes were not req*",
            "E       S1 Message attributes were not requested. To mend it:",
            "test_a_failure_is_told_at_the_test_itself.py:*: AssertionError",
        ]
    )
    assert "tracestitch/testing" not in result.stdout.str(), "our own frames are hidden"


def test_how_long_is_waited_is_said_by_setting_option_marker_and_call(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeini("[pytest]\nstitched_timeout = 20ms\nstitched_correlation_keys = acme.batch\n")
    test = """
def test_setting(stitched):
    assert stitched.timeout == EXPECTED

@pytest.mark.stitched(timeout="1m", correlation_keys=["acme.lorry"])
def test_marker(stitched):
    assert stitched.timeout == 60
    process(publish(), **{"acme.batch": "7", "acme.lorry": "8"})
    assert stitched.journey("acme.batch", 7)["key"] == "acme.batch"
    assert stitched.journey("acme.lorry", 8)["key"] == "acme.lorry"
"""

    run(pytester, test.replace("EXPECTED", "0.02")).assert_outcomes(passed=2)
    result = run(pytester, test.replace("EXPECTED", "3"), "--stitched-timeout=3s")
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("marker", "option"),
    [("", "--stitched-timeout=soon"), ("@pytest.mark.stitched(timeout='soon')", "-v")],
)
def test_a_wrong_setting_is_one_sentence(
    marker: str, option: str, pytester: pytest.Pytester
) -> None:
    result = run(pytester, f"{marker}\ndef test_it(stitched): pass\n", option)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*stitched: 'soon' is no duration: give seconds, or text such *"])


@pytest.mark.parametrize(
    ("marker", "unknown"),
    [("timeot='9s'", "timeot"), ("'9s'", "'9s'"), ("9, timeout=9, keys=()", "9, keys")],
)
def test_a_marker_that_would_set_nothing_is_refused(
    marker: str, unknown: str, pytester: pytest.Pytester
) -> None:
    result = run(pytester, f"@pytest.mark.stitched({marker})\ndef test_it(stitched): pass\n")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [f"*stitched: the marker takes timeout= and correlation_keys=, not {unknown}"]
    )


def test_without_the_plugin_there_is_no_fixture(pytester: pytest.Pytester) -> None:
    result = run(pytester, "\ndef test_it(stitched): pass\n", "-p", "no:tracestitch")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'stitched' not found"])


def test_without_the_sdk_other_processes_can_still_be_seen(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import sys\nsys.modules['opentelemetry.sdk.trace'] = None\n")

    result = run(
        pytester,
        """
def test_it(stitched):
    publish()
    assert stitched.endpoint.startswith("http://127.0.0.1:")
    stitched.assert_propagated("order.publish", "order.process", timeout=0)
""",
        apart=True,
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E       Spans of this process cannot be seen without *"])


def test_a_receiver_serves_processes_that_outlive_a_test(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

@pytest.fixture(scope="session")
def service(stitched_receiver):
    provider = TracerProvider()
    exporter = OTLPSpanExporter(stitched_receiver.endpoint)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider.get_tracer("service")
    provider.shutdown()

@pytest.mark.parametrize("name", ["first", "second"])
def test_it(name, service, stitched):
    service.start_span(name).end()
    stitched.wait_for(name)
    assert [span["name"] for span in stitched.spans] == [name]
""",
    )

    result.assert_outcomes(passed=2)


def test_processes_of_one_run_have_ports_of_their_own(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
import pathlib

@pytest.mark.parametrize("number", [1, 2])
def test_it(number, stitched, worker_id):
    process(publish())
    stitched.assert_propagated("order.publish", "order.process")
    assert len(stitched.spans) == 2
    pathlib.Path(f"{worker_id}.port").write_text(stitched.endpoint)
""",
        *("-n", "2", "--dist", "each"),
        apart=True,
    )

    result.assert_outcomes(passed=4)
    ports = [path.read_text() for path in pytester.path.glob("*.port")]
    assert len(set(ports)) == len(ports) == 2


def test_hostile_spans_break_neither_test_nor_terminal(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        r"""
def test_it(stitched):
    with tracer.start_as_current_span("\x1b[2J\n\u202e" + "n" * 10_000) as span:
        span.set_attribute("huge", "x" * 1_000_000)
        span.set_attribute("order.id", "\x00")
    with tracer.start_as_current_span("lone \ud800"):
        pass
    with tracer.start_as_current_span("ended before it began", start_time=2**62) as span:
        pass
    stitched.assert_propagated("order.publish", "order.process", timeout=0)
""",
    )

    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "\x1b[2J" not in text
    assert "cannot be encoded as OTLP" in text
    result.stdout.fnmatch_lines(["E       AssertionError: Not seen: order.publish and order.*"])


def test_loading_the_plugin_imports_nothing_but_pytest() -> None:
    """Every user's every run of pytest loads it."""
    code = (
        "import sys, pytest, unittest.mock\n"
        "before = set(sys.modules)\n"
        "import tracestitch.pytest_plugin\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["tracestitch", "tracestitch.pytest_plugin"]
