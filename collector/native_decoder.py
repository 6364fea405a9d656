"""OTLP protobuf -> columns by the compiled decoder (decoder/), for the same result as
`python_decoder`. Only whole columns come out of it; no value becomes a Python object.
"""

import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import tracestitch_decoder

from collector.decoded import Appended, Outcome, UndecodableRequest
from collector.settings_name import name_settings
from collector.slabs import Lease, Slabs
from storage.schema import BATCH_SCHEMAS, RESOURCES, SpanBatch, load_attributes

# What a column's parts stand in.
Buffer = bytes | memoryview

_logger = logging.getLogger(__name__)


class NativeDecoder:
    """Makes builders; one instance serves any number of threads."""

    name = "native"

    def __init__(
        self,
        attributes: Mapping[str, Any] | None = None,
        correlation_keys: Sequence[str] = (),
    ) -> None:
        """`attributes` is storage/attributes.toml; `correlation_keys` adds to its keys."""
        self.settings = name_settings(correlation_keys, attributes)
        told = load_attributes() if attributes is None else attributes
        self._columns = [
            (
                name,
                column["type"],
                column.get("each", False),
                column.get("marks", True),
                column["names"],
            )
            for name, column in told["columns"].items()
        ]
        extra = {key: [key] for key in correlation_keys}
        self._correlation = list((extra | dict(told["correlation"])).items())
        self._resource = [told["resource"][column] for column in RESOURCES.names[1:6]]

    def builder(self) -> "NativeBuilder":
        return NativeBuilder(
            tracestitch_decoder.Builder(self._columns, self._correlation, self._resource)
        )


class NativeBuilder:
    """A BatchBuilder."""

    def __init__(self, builder: tracestitch_decoder.Builder) -> None:
        self._builder, self._slabs = builder, Slabs()
        self.spans = self.nbytes = 0

    def append(self, payload: bytes) -> Appended:
        [outcome] = self.append_all([payload], sys.maxsize)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def append_all(self, payloads: Sequence[bytes], full: int) -> list[Outcome]:
        """Other threads run meanwhile: the interpreter is handed over once for all of them."""
        taken, nbytes = self._builder.append_all(list(payloads), full)
        if any(flaw is None for _, _, flaw, _ in taken):
            self.spans += sum(spans for spans, *_ in taken)
            self.nbytes = nbytes
        return [_tell(*each) for each in taken]

    def seal(self) -> SpanBatch:
        lease = self._slabs.take(self.nbytes)
        tables = self._builder.seal(lease.allocate)
        self.spans = self.nbytes = 0
        return SpanBatch(
            **{name: _table(name, rows, columns, lease) for name, rows, columns in tables}
        )


def _tell(spans: int, rejected: list[tuple[str, int]], flaw: str | None, faulty: bool) -> Outcome:
    if faulty:
        _logger.error("A request was refused: %s", flaw)
        return UndecodableRequest(f"cannot be decoded: {flaw}")
    if flaw is not None:
        return UndecodableRequest(f"not an ExportTraceServiceRequest: {flaw}")
    # As many of each, in the order of their first: `sorted` is stable.
    ordered = sorted(rejected, key=lambda entry: -entry[1])
    reasons = "; ".join(f"{count} × {reason}" for reason, count in ordered)
    return Appended(spans, sum(count for _, count in rejected), reasons)


def _table(
    name: str,
    rows: int,
    columns: Sequence[tuple[Buffer | None, Buffer | None, Buffer]],
    lease: Lease,
) -> pa.Table:
    """The buffers are the arrays; nothing is copied."""
    schema = BATCH_SCHEMAS[name]
    arrays = []
    for field, (validity, offsets, values) in zip(schema, columns, strict=True):
        # In Arrow's order: of validity, of offsets for text, of values.
        buffers = [None if validity is None else lease.hold(validity)]
        if offsets is not None:
            buffers.append(lease.hold(offsets))
        arrays.append(pa.Array.from_buffers(field.type, rows, [*buffers, lease.hold(values)]))
    return pa.Table.from_arrays(arrays, schema=schema)
