"""The header of AWS X-Ray."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import SpanContext, TraceFlags

from tracestitch_propagation.xray import read_header, write_header

ROOT = f"Root=1-6553f100-{'ab' * 12}"


@given(
    st.integers(min_value=1, max_value=2**128 - 1),
    st.integers(min_value=1, max_value=2**64 - 1),
    st.booleans(),
)
def test_what_is_written_is_read(trace_id: int, span_id: int, sampled: bool) -> None:
    flags = TraceFlags(sampled)

    found = read_header(write_header(SpanContext(trace_id, span_id, False, flags)))
    assert found == SpanContext(trace_id, span_id, True, flags)


def test_the_header_is_as_aws_writes_it() -> None:
    context = SpanContext(
        0x6553F100ABABABABABABABABABABABAB, 0xCDCDCDCDCDCDCDCD, False, TraceFlags(1)
    )

    assert write_header(context) == f"{ROOT};Parent={'cd' * 8};Sampled=1"


@pytest.mark.parametrize("rest", ["Sampled=0", "Sampled=?", "Self=1-1-1", ""])
def test_what_is_not_said_to_be_sampled_is_not(rest: str) -> None:
    found = read_header(f"{ROOT};Parent={'cd' * 8};{rest};Lineage=a:1")

    assert found
    assert not found.trace_flags.sampled


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"Root=1",
        "",
        ROOT,
        f"{ROOT};Parent={'0' * 16}",
        f"{ROOT};Parent=cd",
        f"Root=1-00000000-{'0' * 24};Parent={'cd' * 8}",
        f"Root=2-6553f100-{'ab' * 12};Parent={'cd' * 8}",
        f"{ROOT};Parent={'cd' * 8};Lineage={'x' * 2000}",
        f"{ROOT};Parent={'cd' * 7}\u0663\u0663",
    ],
)
def test_what_names_no_parent_is_no_context(header: object) -> None:
    assert read_header(header) is None


@given(st.text() | st.text("Root=1-;Parent"))
def test_garbage_is_no_context(header: str) -> None:
    assert read_header(header) is None
