"""What all carriers share: the fields of a context, and saying which of them found no room.

The propagator is the process's own, so fields are those of W3C unless it was told otherwise.
"""

import logging
import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tracestitch_propagation.messages import Attributes

DROPPED_EVENT = "propagation.dropped"
DROPPED_FIELDS = "propagation.dropped.fields"
DROPPED_AT = "propagation.dropped.destination"

_logger = logging.getLogger(__name__)
_SENDER_FIELDS = (
    "traceparent", "b3", "x-b3-traceid", "uber-trace-id", "x-amzn-trace-id", "x-datadog-trace-id",
)  # fmt: skip
_LONGEST_SHOWN = 256  # characters of a field that is shown because it could not be read
# What W3C's baggage may be at most; of longer ones propagators write all into the log.
_LONGEST_READ = 8192
# No sender writes so many. Regular expressions of propagators look at each blank in a run as
# often as the run is long, which is a second of CPU for a field of blanks.
_MANY_BLANKS = re.compile(r"[ \t]{65}")
GIVEN_UP_FIRST = ("baggage", "tracestate")  # without them a trace still connects


class FieldGetter(Getter[Mapping[str, str]]):
    """Reads fields that are kept by lower-case names, whatever case the propagator asks in."""

    def get(self, carrier: Mapping[str, str], key: str) -> list[str] | None:
        value = carrier.get(key.lower())
        return None if value is None else [value]

    def keys(self, carrier: Mapping[str, str]) -> list[str]:
        return list(carrier)


def context_fields(context: Context | None = None) -> dict[str, str]:
    """The fields of a context (the current one unless given), most needed first: baggage
    comes last and the tracestate before it. A propagator that raises does not keep the
    message from being sent: what the ones before it wrote is there."""
    fields: dict[str, str] = {}
    try:
        propagate.inject(fields, context)
    except Exception as error:  # noqa: BLE001 - such as baggage that is no UTF-8
        _warn_unwritten(f"{type(error).__name__}: {error}"[:_LONGEST_SHOWN])
    return dict(sorted(fields.items(), key=lambda field: _can_spare(field[0])))


def stale_names(fields: Collection[str], context: Context | None = None) -> frozenset[str]:
    """Lower-case names of what a carrier must lose when it gets `fields`: a forwarded message
    has those of its first sender. Without a span to put in their place these stay."""
    if names_a_span(context):
        fields = {*fields, *propagate.get_global_textmap().fields}
    return frozenset(name.lower() for name in fields)


def read_fields(fields: Mapping[str, str]) -> Context:
    """The context that fields by lower-case names tell. It begins empty: what is current
    here never becomes the parent of a message that carries nothing. W3C wins over others.
    What is too long for a field, or is mostly blanks, no propagator gets to see."""
    fields = {name: value for name, value in fields.items() if _is_readable(value)}
    try:
        carried = propagate.extract(fields, Context(), FieldGetter())
    except Exception:
        _logger.debug("a propagator could not read a message", exc_info=True)
        carried = Context()
    if not _reads_w3c():
        return carried
    # Of several propagators the last that finds a context wins, which may be X-Ray's.
    w3c = TraceContextTextMapPropagator().extract(fields, Context(), FieldGetter())
    if not names_a_span(w3c):
        return carried
    return trace.set_span_in_context(trace.get_current_span(w3c), carried)


def names_a_span(context: Context | None = None) -> bool:
    """Whether there is a span in a context (the current one unless given), of here or remote."""
    return trace.get_current_span(context).get_span_context().is_valid


def describe_unread(fields: Mapping[str, str], context: Context) -> Attributes:
    """Fields of a sender that arrived and tell none: broken ones, and those of another
    propagator. They are named as the conventions name captured headers; a value that was no
    text is empty."""
    if names_a_span(context):
        return {}
    return {
        f"messaging.header.{name}": [fields[name][:_LONGEST_SHOWN]]
        for name in _SENDER_FIELDS
        if name in fields
    }


def as_text(value: object) -> str | None:
    """Text as spans and fields may have it: UTF-8 that is not empty, else None."""
    try:
        if isinstance(value, bytes | bytearray | memoryview):
            return str(value, "utf-8") or None
        if isinstance(value, str):
            value.encode()  # half a surrogate pair would cost the whole export
            return value or None
    except (ValueError, TypeError, BufferError):  # the latter two of a memoryview with gaps
        pass
    return None


def report_dropped(
    fields: Sequence[str], destination: str, reason: str, context: Context | None = None
) -> None:
    """Say that a message goes without some fields: on the span each time, as a warning in
    the log once for each destination."""
    if not fields:
        return
    trace.get_current_span(context).add_event(
        DROPPED_EVENT, {DROPPED_FIELDS: list(fields), DROPPED_AT: destination}
    )
    _warn_once(destination, tuple(fields), reason)


@lru_cache(maxsize=1024)  # remembers what was said, and forgets rather than grow
def _warn_once(destination: str, fields: tuple[str, ...], reason: str) -> None:
    _logger.warning("%s: no room for %s: %s", destination, ", ".join(fields), reason)


@lru_cache(maxsize=16)
def _warn_unwritten(error: str) -> None:
    _logger.warning("a propagator could not write into a message: %s", error)


def _is_readable(value: str) -> bool:
    return len(value) <= _LONGEST_READ and not _MANY_BLANKS.search(value)


def _reads_w3c() -> bool:
    return "traceparent" in propagate.get_global_textmap().fields


def _can_spare(name: str) -> int:
    name = name.lower()
    return -GIVEN_UP_FIRST.index(name) if name in GIVEN_UP_FIRST else -len(GIVEN_UP_FIRST)
