"""EventBridge: an event has neither attributes nor headers, so the context travels in the event
itself, as the object `_otel` in its `detail`.

    with publish_span("stock.publish", eventbridge.sending("stock-events")) as publishing:
        entries = eventbridge.inject_entries([{"EventBusName": "stock-events", ...}])
        publishing.sent(client.put_events(Entries=entries))

    def handler(event, _context):
        with process_span("stock.process", eventbridge.received(event)):
            ...  # event["detail"] has no `_otel` any more

JSON text keeps every byte that the application wrote.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from opentelemetry.context import Context

from tracestitch_propagation.bodies import Body, read_body, read_event
from tracestitch_propagation.carriers import (
    as_text,
    context_fields,
    report_dropped,
    stale_names,
)
from tracestitch_propagation.entry_sizes import LIMIT, measure_entry, share_room
from tracestitch_propagation.event_details import (
    Detail,
    cut_carrier,
    put_carrier,
    read_carrier,
)
from tracestitch_propagation.messages import Attributes, Received, Sending
from tracestitch_propagation.names import (
    ERROR_TYPE,
    EVENT_BUS,
    EVENT_DETAIL_TYPE,
    EVENT_ID,
    EVENT_SOURCE,
    MESSAGE_ID,
)

SYSTEM = "aws_eventbridge"
_NO_OBJECT = "the detail is no JSON object"
_NO_ROOM = "the entries of a request would have {} bytes or more: send fewer, or a reference"


def inject_detail(detail: Detail, *, context: Context | None = None) -> Detail:
    """A detail, an object or JSON text, with the context (the current one unless given) in it
    instead of an older one. A text that is no JSON object is left as it is; it has no place
    for a context, and that is reported. `inject_entries` also minds the size."""
    fields = context_fields(context)
    if not fields:
        return detail
    try:
        return put_carrier(detail, {**_keep(detail, fields, context), **fields})
    except ValueError:
        report_dropped(list(fields), "an event", _NO_OBJECT, context)
        return detail


def inject_entries(
    entries: Sequence[Mapping[str, Any]], *, limit: int = LIMIT, context: Context | None = None
) -> list[dict[str, Any]]:
    """The entries of `put_events`, with the context in each detail.

    With it they stay below `limit`, in bytes, together. What finds no room is reported: baggage
    is the first to go, then the tracestate, last the traceparent. Your data all stay.
    """
    fields = context_fields(context)
    injected = [dict(entry) for entry in entries]
    held = {
        number: kept
        for number, entry in enumerate(injected if fields else ())
        if (kept := _renew(entry, fields, context)) is not None
    }
    room = limit - 1 - sum(measure_entry(entry) for entry in injected)
    placed = dict(zip(held, share_room(room, list(held.values()), fields), strict=True))
    for number, entry in enumerate(injected):
        carried = placed.get(number, {})
        if carried:
            entry["Detail"] = put_carrier(entry["Detail"], {**held[number], **carried})
        dropped = [name for name in fields if name not in carried]
        reason = _NO_ROOM.format(limit) if number in held else _NO_OBJECT
        report_dropped(dropped, as_text(entry.get("EventBusName")) or "default", reason, context)
    return injected


def sending(
    bus: str = "default", *, source: str | None = None, detail_type: str | None = None
) -> Sending:
    """Of `put_events` to a bus, by its name or ARN. `sent` takes the answer: the id of the
    event is that of the message, of several events each has an event on the span."""
    told = {EVENT_BUS: bus, EVENT_SOURCE: source, EVENT_DETAIL_TYPE: detail_type}
    known = {name: value for name, value in told.items() if value is not None}
    return Sending(SYSTEM, bus, known, _identify)


def extract_context(event: object) -> Context:
    """What an event carries: the event itself, JSON text of it, or the message of SQS or record
    of Lambda that has it in its body. Changes nothing; an empty Context if nothing."""
    return _find(event).context


def take_context(event: object) -> Context:
    """As extract_context, and removes `_otel` in place, so that no handler takes it for data."""
    carried = extract_context(event)
    if isinstance(event, MutableMapping):
        cut_carrier(event)
    return carried


def received(event: object) -> Received:
    """An event that a function was invoked with, for `process_span`. Removes `_otel` from it.

    An event in the body of an SQS message is a message of that queue: `sqs.received` knows
    more of it, and `take_context` afterwards removes `_otel`.
    """
    found = _find(event)
    take_context(event)
    attributes = dict(found.attributes)
    event_id = attributes.pop(EVENT_ID, None)
    return Received(found.context, SYSTEM, None, as_text(event_id), attributes)


def _find(event: object) -> Body:
    if isinstance(event, str):
        return read_body(event)
    if not isinstance(event, Mapping):
        return Body()
    notification = event.get("Sns")
    inside = notification.get("Message") if isinstance(notification, Mapping) else None
    for body in (event.get("Body"), event.get("body"), inside):
        if isinstance(body, str):
            return read_body(body)
    return read_event(event)


def _renew(
    entry: dict[str, Any], fields: Mapping[str, str], context: Context | None
) -> dict[str, str] | None:
    """Remove what is stale from an entry. Returns what its event still carries, None if its
    detail has no place for a context."""
    detail = entry.get("Detail")
    if not isinstance(detail, str):
        return None
    try:
        kept = _keep(detail, fields, context)
        entry["Detail"] = put_carrier(detail, kept)
    except ValueError:
        return None
    return kept


def _keep(
    detail: str | Mapping[str, Any], fields: Mapping[str, str], context: Context | None
) -> dict[str, str]:
    stale = stale_names(fields, context)
    held = read_carrier(detail)
    return {name: value for name, value in held.items() if name.lower() not in stale}


def _identify(answer: object) -> Attributes | Sequence[Attributes]:
    """PutEvents answers for each entry, with an id or an error."""
    entries = answer.get("Entries") if isinstance(answer, Mapping) else None
    if not isinstance(entries, list):
        return {}
    known = [_identify_one(entry) for entry in entries if isinstance(entry, Mapping)]
    return known[0] if len(known) == 1 else known


def _identify_one(entry: Mapping[str, Any]) -> Attributes:
    told = {MESSAGE_ID: as_text(entry.get("EventId")), ERROR_TYPE: as_text(entry.get("ErrorCode"))}
    return {name: value for name, value in told.items() if value is not None}
