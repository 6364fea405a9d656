"""Random pipelines for property tests: orders over queues, topics and buses, with hops
that keep their context, lose it, batch, redeliver or point at nothing."""

from typing import Any

from hypothesis import strategies as st

from tests.builders import link, span

_SYSTEMS = ["aws_sqs", "kafka", "aws_eventbridge"]
_HOPS = ["parent", "link", "message-id", "offset", "order-id", "nothing", "absent", "twice"]


@st.composite
def pipelines(draw: st.DrawFn) -> list[Any]:
    """Spans of up to six orders over up to three hops; small value ranges, so that ids
    collide, orders share workflows and deliveries compete."""
    spans: list[Any] = []
    orders = draw(st.integers(1, 6))
    for order in range(1, orders + 1):
        spans += _order(draw, order)
    if draw(st.booleans()):
        spans += _batch(draw, orders)
    if draw(st.booleans()):
        spans += _root_sends(draw)
    return spans


def _order(draw: st.DrawFn, order: int) -> list[Any]:
    trace, at = order * 100, draw(st.integers(0, 20)) * 1.0
    business = {"order.id": f"ORD-{draw(st.integers(1, 4))}"}
    if draw(st.booleans()):
        business["workflow.id"] = "WF"
    spans = [
        span(
            name="POST /orders",
            trace=trace,
            id=trace + 1,
            kind="SERVER",
            service="s0",
            at=at,
            duration=0.5,
            attributes=business,
        )
    ]
    above = trace + 1
    for hop in range(1, draw(st.integers(1, 3)) + 1):
        system, state = draw(st.sampled_from(_SYSTEMS)), draw(st.sampled_from(_HOPS))
        carried: dict[str, Any] = {
            "messaging.system": system,
            "messaging.destination.name": f"d{draw(st.integers(1, 2))}",
        }
        if draw(st.booleans()) or state == "order-id":
            carried |= business
        if state in ("message-id", "twice"):
            carried |= _message_id(draw)
        if state == "offset":
            carried |= {
                "messaging.kafka.partition": 0,
                "messaging.kafka.offset": draw(st.integers(0, 2)),
            }
        sender = trace + hop * 10
        spans.append(
            span(
                name="order.publish",
                trace=trace,
                id=sender,
                parent=above,
                kind="PRODUCER",
                service=f"s{hop - 1}",
                at=at + hop,
                duration=0.1,
                attributes=carried,
            )
        )
        receiver = sender + 1
        told: dict[str, Any] = {
            "name": "order.process",
            "id": receiver,
            "kind": "CONSUMER",
            "service": f"s{hop}",
            "at": at + hop + 0.5,
            "duration": 0.2,
            "attributes": carried,
            "status": draw(st.sampled_from(["OK", "ERROR"])),
        }
        if state == "parent":
            spans.append(span(**told, trace=trace, parent=sender, flags=0x300))
        elif state == "absent":
            trace += 50
            spans.append(span(**told, trace=trace, parent=999, flags=0x300))
        else:
            links = [link(trace=trace, id=sender)] if state == "link" else []
            trace += 50
            spans.append(span(**told, trace=trace, links=links))
            if state == "twice":
                again = told | {"id": receiver + 1, "at": told["at"] + 3}
                spans.append(span(**again, trace=trace + 7))
        above = receiver
    return spans


_PARTS = ["context", "context and id", "id", "lost context and id"]


def _part(draw: st.DrawFn, order: int) -> Any:
    """What a batch's span has of one message."""
    what = draw(st.sampled_from(_PARTS))
    names = {} if what == "context" else _message_id(draw)
    if what.startswith("context"):
        return link(order * 100, order * 100 + 10, attributes=names)
    lost = 0 if what == "id" else 7_000 + order
    return link(lost, lost, attributes=names)


def _message_id(draw: st.DrawFn) -> dict[str, str]:
    return {"messaging.message.id": f"0000-1111-2222-{draw(st.integers(1, 3)):04d}"}


def _batch(draw: st.DrawFn, orders: int) -> list[Any]:
    linked = draw(st.lists(st.integers(1, orders), min_size=1, unique=True))
    values = draw(st.lists(st.integers(1, 4), unique=True))
    spans = [
        span(
            name="d1 process",
            trace=9_000,
            id=9_001,
            kind="CONSUMER",
            service="batcher",
            at=25.0,
            attributes={"messaging.system": "aws_sqs", "messaging.destination.name": "d1"},
            links=[_part(draw, order) for order in linked],
            events=[("received", _message_id(draw)) for _ in range(draw(st.integers(0, 3)))],
        )
    ]
    spans += [
        span(
            name="handle",
            trace=9_000,
            id=9_010 + value,
            parent=9_001,
            service="batcher",
            at=25.0,
            attributes={"order.id": f"ORD-{value}"},
        )
        for value in values
    ]
    return spans


def _root_sends(draw: st.DrawFn) -> list[Any]:
    """Requests, and sends of the same service that begin within them, as roots beside them,
    or on their own."""
    spans: list[Any] = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        trace, at = 20_000 + 10 * number, draw(st.integers(0, 6)) * 0.5
        told: dict[str, Any] = {"trace": trace, "service": "s9", "at": at}
        request = span("POST /orders", **told, id=trace + 1, kind="SERVER", duration=0.3)
        kind = draw(st.sampled_from(["within", "beside", "alone", "request"]))
        if kind != "alone":
            spans.append(request)
        if kind != "request":
            key = {"messaging.kafka.message.key": f"K-{draw(st.integers(1, 2))}"}
            attributes = {"messaging.system": "kafka", "messaging.destination.name": "d9"} | key
            sent = {"id": trace + 2, "kind": "PRODUCER", "attributes": attributes}
            if kind == "within":
                spans.append(span("d9 send", **told | sent, parent=trace + 1))
            else:
                sent |= {"trace": trace + 5, "at": at + draw(st.sampled_from([0.1, 0.32, 0.8]))}
                spans.append(span("d9 send", **told | sent))
    return spans
