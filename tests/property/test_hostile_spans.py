"""The analyzer never raises on data, whatever it says."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.schema import load_attributes
from tests.analysed import analysed_batch
from tests.builders import batch, link, span

_NAMES = sorted(
    name for column in load_attributes()["columns"].values() for name in column["names"]
)
_VALUES = st.one_of(
    st.text(max_size=30),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=True),
    st.booleans(),
    st.binary(max_size=10),
    st.lists(st.text(max_size=5), max_size=3),
    st.sampled_from(
        [
            "aws_sqs", "kafka", "aws_eventbridge", "SendMessage", "process", "receive", "publish",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/orders", "arn:aws:sns:a:1:t",
            "topic.0.1", "topic.99999999999999999999.1", "(anonymous)", "pubsub", "timer",
        ]
    ),
)  # fmt: skip
_SMALL = st.integers(1, 6)


@st.composite
def hostile_spans(draw: st.DrawFn) -> list[Any]:
    return [
        span(
            name=draw(
                st.sampled_from(["", "recv", "order.publish", "x process", "SQS.A", "run/a", "\0"])
            ),
            trace=draw(st.integers(1, 3)),
            id=draw(_SMALL),
            parent=draw(st.none() | _SMALL),
            kind=draw(st.sampled_from(["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"])),
            service=draw(st.sampled_from([None, "", "a", "b"])),
            at=draw(st.sampled_from([0.0, 1.0, 7_000_000_000.0])),
            duration=draw(st.sampled_from([0.0, 1.0, -1.0])),
            attributes=draw(st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=8)),
            links=[
                link(
                    trace=draw(st.integers(0, 3)),
                    id=draw(st.integers(0, 6)),
                    flags=draw(st.sampled_from([0, 0x100, 0x301, 2**32 - 1])),
                    attributes=draw(st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=2)),
                )
                for _ in range(draw(st.integers(0, 2)))
            ],
            flags=draw(st.sampled_from([0, 0x100, 0x300, 2**32 - 1])),
            status=draw(st.sampled_from(["UNSET", "OK", "ERROR"])),
            scope=draw(
                st.sampled_from(
                    ["", "opentelemetry.instrumentation.confluent_kafka", "botocore.sqs"]
                )
            ),
        )
        for _ in range(draw(st.integers(0, 12)))
    ]


@settings(max_examples=100, deadline=None)
@given(hostile_spans())
def test_any_spans_at_all_get_answers(spans: list[Any]) -> None:
    told = batch(*spans)
    answers = analysed_batch(told)
    stored = {(row["trace_lo"], row["span_id"]) for row in told.spans.to_pylist()}
    assert {end for pair in answers.connections for end in pair} <= stored
    assert set(answers.orphans) <= stored
    for connection in answers.connections.values():
        assert 0 < connection["confidence"] <= 1
        assert bool(connection["evidence"]) is (connection["relation"] == "stitch")
