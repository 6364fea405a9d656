"""The pytest plugin: the fixture `stitched` (docs/testing-propagation.md).

It is loaded in every run of pytest wherever tracestitch is installed, so this file imports
nothing but pytest; all else is imported when a test asks for the fixture.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tracestitch.testing.process_spans import ProcessSpans
    from tracestitch.testing.receiver import Receiver
    from tracestitch.testing.stitched import Stitched

_MARKER = (
    "stitched(timeout=None, correlation_keys=()): how long assertions of the fixture `stitched`"
    " wait, and attributes whose values name a unit of work, beside the usual ones"
)
_NAMED = ("timeout", "correlation_keys")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tracestitch")
    group.addoption(
        "--stitched-timeout",
        metavar="DURATION",
        help="how long assertions of the fixture `stitched` wait, such as 10s",
    )
    parser.addini(
        "stitched_timeout",
        "how long assertions of the fixture `stitched` wait",
        default="5s",
    )
    parser.addini(
        "stitched_correlation_keys",
        "attributes whose values name a unit of work, beside the usual ones such as order.id",
        type="linelist",
        default=[],
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)


def _read_marker(marker: pytest.Mark) -> Mapping[str, Any]:
    """Raises pytest.UsageError for what it does not know, which would be no setting at all."""
    unknown = [*map(repr, marker.args), *(name for name in marker.kwargs if name not in _NAMED)]
    if unknown:
        raise pytest.UsageError(
            f"stitched: the marker takes timeout= and correlation_keys=, not {', '.join(unknown)}"
        )
    return marker.kwargs


@pytest.fixture(scope="session")
def stitched_receiver() -> "Iterator[Receiver]":
    """OTLP ports of the whole run, for processes that outlive a test; what they send goes to
    the `stitched` of the test that runs."""
    from tracestitch.testing.receiver import Receiver

    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def _stitched_process() -> "ProcessSpans | None":
    """None without opentelemetry-sdk."""
    try:
        from tracestitch.testing.process_spans import ProcessSpans
    except ModuleNotFoundError as missing:
        if not (missing.name or "").startswith("opentelemetry"):
            raise
        return None
    return ProcessSpans()


@pytest.fixture
def stitched(
    request: pytest.FixtureRequest,
    stitched_receiver: "Receiver",
    _stitched_process: "ProcessSpans | None",
) -> "Iterator[Stitched]":
    """The spans that end during this test, stitched by tracestitch, and assertions about
    them."""
    from contextlib import ExitStack

    from tracestitch.testing.sources import Sources
    from tracestitch.testing.stitched import Stitched

    sources = Sources(stitched_receiver, _stitched_process)
    config, marker = request.config, request.node.get_closest_marker("stitched")
    named = {} if marker is None else _read_marker(marker)
    timeout = config.getoption("--stitched-timeout") or config.getini("stitched_timeout")
    keys = [*config.getini("stitched_correlation_keys"), *named.get("correlation_keys", ())]
    try:
        fixture = Stitched(
            sources,
            timeout=named.get("timeout") or timeout,
            correlation_keys=keys,
        )
    except ValueError as error:
        raise pytest.UsageError(f"stitched: {error}") from error
    with ExitStack() as stack:
        stack.callback(fixture.close)
        stack.enter_context(stitched_receiver.going_to(sources.inbox))
        if _stitched_process is not None:
            stack.enter_context(_stitched_process.going_to(sources.inbox))
        yield fixture
