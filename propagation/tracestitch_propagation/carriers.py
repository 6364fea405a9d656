"""What all carriers share: the fields of a context, and saying which of them found no room.

The propagator is the process's own, so fields are those of W3C unless it was told otherwise.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter

DROPPED_EVENT = "propagation.dropped"
DROPPED_FIELDS = "propagation.dropped.fields"
DROPPED_AT = "propagation.dropped.destination"

_logger = logging.getLogger(__name__)
_GIVEN_UP_FIRST = ("baggage", "tracestate")


class FieldGetter(Getter[Mapping[str, str]]):
    """Reads fields that are kept by lower-case names, whatever case the propagator asks in."""

    def get(self, carrier: Mapping[str, str], key: str) -> list[str] | None:
        value = carrier.get(key.lower())
        return None if value is None else [value]

    def keys(self, carrier: Mapping[str, str]) -> list[str]:
        return list(carrier)


def context_fields(context: Context | None = None) -> dict[str, str]:
    """The fields of a context (the current one unless given), most needed first: baggage
    comes last and the tracestate before it."""
    fields: dict[str, str] = {}
    propagate.inject(fields, context)
    return dict(sorted(fields.items(), key=lambda field: _can_spare(field[0])))


def stale_names(fields: Collection[str], context: Context | None = None) -> frozenset[str]:
    """Lower-case names of what a carrier must lose when it gets `fields`: a forwarded message
    has those of its first sender. Without a span to put in their place these stay."""
    if trace.get_current_span(context).get_span_context().is_valid:
        fields = {*fields, *propagate.get_global_textmap().fields}
    return frozenset(name.lower() for name in fields)


def read_fields(fields: Mapping[str, str]) -> Context:
    """The context that fields by lower-case names tell. It begins empty: what is current
    here never becomes the parent of a message that carries nothing."""
    return propagate.extract(fields, Context(), FieldGetter())


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


def _can_spare(name: str) -> int:
    name = name.lower()
    return -_GIVEN_UP_FIRST.index(name) if name in _GIVEN_UP_FIRST else -len(_GIVEN_UP_FIRST)
