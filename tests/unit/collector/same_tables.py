"""One request through both decoders: the plain-Python one says what is right."""

import pytest

from collector.decoded import BatchBuilder, Decoder, UndecodableRequest
from collector.python_decoder import PythonDecoder
from storage.schema import BATCH_SCHEMAS, SpanBatch

pytest.importorskip(
    "tracestitch_decoder",
    reason="the native decoder is not installed (no cargo here): nothing to compare",
)
from collector.native_decoder import NativeDecoder

PYTHON, NATIVE = PythonDecoder(), NativeDecoder()


def assert_same_tables(native: SpanBatch, python: SpanBatch) -> None:
    """Row for row, column for column; what is native is also valid Arrow data."""
    for name, schema in BATCH_SCHEMAS.items():
        ours, oracle = getattr(native, name), getattr(python, name)
        assert ours.schema.equals(schema), name
        ours.validate(full=True)
        if not ours.equals(oracle):
            assert ours.to_pylist() == oracle.to_pylist(), name
            raise AssertionError(f"{name} differs beyond its values")


def append_to_both(native: BatchBuilder, python: BatchBuilder, payload: bytes) -> bool:
    """True when both took the request and say the same of it, False when both refused it."""
    try:
        expected = python.append(payload)
    except UndecodableRequest:
        with pytest.raises(UndecodableRequest, match="not an ExportTraceServiceRequest: "):
            native.append(payload)
        return False
    assert native.append(payload) == expected
    assert native.spans == python.spans
    return True


def assert_same(
    *payloads: bytes, native: Decoder = NATIVE, python: Decoder = PYTHON
) -> tuple[bool, ...]:
    """Through one builder of each; for each request whether it was taken."""
    ours, oracle = native.builder(), python.builder()
    taken = tuple(append_to_both(ours, oracle, payload) for payload in payloads)
    assert_same_tables(ours.seal(), oracle.seal())
    return taken
