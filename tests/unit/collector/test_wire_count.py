"""Counting messages in bytes that may be anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from collector import wire_count
from collector.decoded import UndecodableRequest
from collector.other_signals import LOGS, METRICS
from collector.wire_count import count_messages

KINDS = ["gauge", "sum", "histogram", "exponential_histogram", "summary"]


def metrics(*points: int) -> ExportMetricsServiceRequest:
    """A metric of each kind, with so many data points."""
    message = ExportMetricsServiceRequest()
    resource = message.resource_metrics.add(schema_url="u")
    resource.resource.attributes.add(key="k").value.double_value = 1.5
    scope = resource.scope_metrics.add()
    for kind, count in zip(KINDS, points, strict=False):
        metric = scope.metrics.add(name=kind, unit="ms")
        for number in range(count):
            getattr(metric, kind).data_points.add(time_unix_nano=number).attributes.add(key="k")
    return message


@given(st.lists(st.integers(0, 5), max_size=5))
def test_data_points_of_every_kind_are_counted(points: list[int]) -> None:
    payload = metrics(*points).SerializeToString()

    assert count_messages(payload, METRICS.items) == sum(points)


@given(st.binary(max_size=200))
def test_any_bytes_are_counted_or_refused(payload: bytes) -> None:
    try:
        assert 0 <= count_messages(payload, LOGS.items) <= len(payload)
    except UndecodableRequest as error:
        assert str(error)  # noqa: PT017 - either is right, a crash is not


@pytest.mark.parametrize(
    "payload",
    [
        b"\x0a\x05",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x0a",
        b"\x0b",
        b"\x09\x00",
        b"\x80" * 20,
        b"\x0a\x02\x12\x05",
    ],
    ids=["cut", "endless", "no length", "group", "cut number", "endless tag", "cut inside"],
)
def test_what_is_no_message_is_refused(payload: bytes) -> None:
    with pytest.raises(UndecodableRequest, match="This is no OTLP request"):
        count_messages(payload, METRICS.items)


def test_very_many_fields_are_counted_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_count, "_MOST_FIELDS", 100)

    assert count_messages(metrics(1000).SerializeToString(), METRICS.items) < 100
