"""Spans where no global tracer provider is set, and word of one that is set.

OpenTelemetry's API offers neither, so this uses names of its inside (ADR 26). Where a version
lacks one of them nothing is changed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from opentelemetry import trace

_OF_MODULE = ("ProxyTracer", "ProxyTracerProvider", "_set_tracer_provider")
_OF_TRACER = (
    "_tracer",
    "_instrumenting_module_name",
    "_instrumenting_library_version",
    "_schema_url",
    "_attributes",
)


def is_known_api() -> bool:
    """Whether the version that is installed has what is used here."""
    return all(hasattr(trace, name) for name in _OF_MODULE) and all(
        hasattr(trace.ProxyTracer("any"), name) for name in _OF_TRACER
    )


@contextmanager
def tracing_without_provider(own: trace.TracerProvider) -> Iterator[None]:
    """Tracers of the API make spans of our provider while no global one is set. Ours is not
    set itself: an application would find it there, and not set its own."""
    if not is_known_api():
        yield
        return
    original = trace.ProxyTracer._tracer

    def find_tracer(proxy: Any) -> trace.Tracer:
        if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            return own.get_tracer(
                proxy._instrumenting_module_name,
                proxy._instrumenting_library_version,
                proxy._schema_url,
                proxy._attributes,
            )
        tracer: trace.Tracer = original.__get__(proxy)
        return tracer

    with patch.object(trace.ProxyTracer, "_tracer", property(find_tracer)):
        yield


@contextmanager
def telling_of_provider(tell: Callable[[], None]) -> Iterator[None]:
    """Tells at once when the application sets a provider: spans could end before an
    assertion looks."""
    if not is_known_api():
        yield
        return
    original = trace._set_tracer_provider

    def set_and_tell(*arguments: Any, **named: Any) -> None:
        original(*arguments, **named)
        tell()

    with patch.object(trace, "_set_tracer_provider", set_and_tell):
        yield
