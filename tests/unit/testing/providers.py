"""Tracer providers, and a process that has set none."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider


def unset_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has not set a global provider; what a test sets is gone after it."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", type(trace._TRACER_PROVIDER_SET_ONCE)())


def provider_of(service: str, **settings: object) -> TracerProvider:
    return TracerProvider(
        resource=Resource({"service.name": service}),
        shutdown_on_exit=False,
        **settings,  # type: ignore[arg-type]  # whatever a provider takes
    )


def record(tracer: trace.Tracer, name: str) -> None:
    with tracer.start_as_current_span(name):
        pass
