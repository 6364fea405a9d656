"""Spans at both ends of a hand-over: where a message is sent, and where it is processed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from opentelemetry import baggage, context, trace
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanKind, Tracer

from tracestitch_propagation.messages import Attributes, Received, Sending
from tracestitch_propagation.names import (
    BATCH_COUNT,
    DESTINATION,
    ERROR_TYPE,
    MESSAGE_ID,
    OPERATION_NAME,
    OPERATION_TYPE,
    SYSTEM,
    Names,
    name_attributes,
)

Relation = Literal["parent", "link"]
SCOPE = "tracestitch_propagation"
SENT_EVENT = "message.sent"


@dataclass(frozen=True, slots=True)
class Publishing:
    """An open publishing span."""

    span: Span
    sending: Sending
    names: Names

    def sent(self, answer: object) -> None:
        """Add what the broker's answer tells: the message's id, or an event for each
        message of a batch."""
        known = self.sending.identify(answer)
        if isinstance(known, Mapping):
            self.span.set_attributes(name_attributes(known, self.names))
        else:
            for each in known:
                self.span.add_event(SENT_EVENT, name_attributes(each, self.names))


@contextmanager
def publish_span(
    name: str,
    sending: Sending,
    attributes: Attributes | None = None,
    *,
    tracer: Tracer | None = None,
    context: Context | None = None,
    names: Names = "current",
) -> Iterator[Publishing]:
    """The span whose context the message carries: current while it is open, a child of
    `context` or of what is current. An error is recorded and raised again."""
    described = {
        SYSTEM: sending.system,
        DESTINATION: sending.destination,
        OPERATION_NAME: "send",
        OPERATION_TYPE: "send",
        **sending.attributes,
    }
    with (
        _tracer(tracer).start_as_current_span(
            name,
            context,
            SpanKind.PRODUCER,
            {**name_attributes(described, names), **(attributes or {})},
        ) as span,
        _named_errors(span),
    ):
        yield Publishing(span, sending, names)


@contextmanager
def process_span(
    name: str,
    received: Received | Sequence[Received],
    attributes: Attributes | None = None,
    *,
    relation: Relation = "parent",
    tracer: Tracer | None = None,
    names: Names = "current",
) -> Iterator[Span]:
    """The span of one delivery, or of a batch: current while it is open.

    `parent` continues the trace of the message, `link` begins one that is linked to it. A
    batch always has a link for each message, with what is known of that message; one without
    messages makes no span. Whatever was current before does not count: a message without
    context makes a root. The message's baggage is current below, of a batch what all its
    messages agree in. An error is recorded and raised again.
    """
    alone = received if isinstance(received, Received) else None
    messages = [received] if isinstance(received, Received) else list(received)
    if not messages:
        yield INVALID_SPAN
        return
    if alone and relation == "parent":
        carried, links = alone.context, []
    else:
        carried, links = _agreed_baggage(messages), [_link(each, names) for each in messages]
    described = _describe(alone) if alone else _describe_batch(messages)
    token = context.attach(carried)
    try:
        with (
            _tracer(tracer).start_as_current_span(
                name,
                kind=SpanKind.CONSUMER,
                attributes={**name_attributes(described, names), **(attributes or {})},
                links=links,
            ) as span,
            _named_errors(span),
        ):
            yield span
    finally:
        context.detach(token)


@contextmanager
def _named_errors(span: Span) -> Iterator[None]:
    """The SDK records an error as an event and a status; the convention wants its type, too."""
    try:
        yield
    except Exception as error:
        kind = type(error)
        place = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
        span.set_attribute(ERROR_TYPE, place + kind.__qualname__)
        raise


def _tracer(tracer: Tracer | None) -> Tracer:
    return tracer or trace.get_tracer(SCOPE)


def _agreed_baggage(messages: Sequence[Received]) -> Context:
    """A context without a span, with the baggage that all messages agree in."""
    agreed = Context()
    first, *others = [baggage.get_all(each.context) for each in messages]
    for key, value in first.items():
        if all(key in other and other[key] == value for other in others):
            agreed = baggage.set_baggage(key, value, agreed)
    return trace.set_span_in_context(INVALID_SPAN, agreed)


def _link(message: Received, names: Names) -> Link:
    """A message without context keeps its link, with zero ids: it says which one came."""
    sender = trace.get_current_span(message.context).get_span_context()
    return Link(sender, name_attributes(_describe_message(message), names))


def _describe_message(message: Received) -> Attributes:
    known = {} if message.message_id is None else {MESSAGE_ID: message.message_id}
    return {**known, **message.attributes}


def _describe(message: Received) -> Attributes:
    return {**_describe_delivery(message), **_describe_message(message)}


def _describe_batch(messages: Sequence[Received]) -> Attributes:
    return {**_describe_delivery(messages[0]), BATCH_COUNT: len(messages)}


def _describe_delivery(message: Received) -> Attributes:
    where = {} if message.destination is None else {DESTINATION: message.destination}
    return {
        SYSTEM: message.system,
        **where,
        OPERATION_NAME: "process",
        OPERATION_TYPE: "process",
    }
