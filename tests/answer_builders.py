"""A store with spans and answers written by hand, as the analyzer would have."""

import json
from typing import Any

from storage import schema
from storage.contract import SpanStore
from storage.memory import MemoryStore
from tests.contract import rows
from tests.contract.rows import Row

STORED_AT = 1_000
OTHER_SCOPE = 8
_HANDOVER = ("system", "destination", "scope", "consumer_group")


def trace_hex(trace: int) -> str:
    """The id of trace (1, `trace`), which the builders make."""
    return f"{1:016x}{trace:016x}"


def span_hex(span_id: int) -> str:
    return f"{span_id:016x}"


class Scene:
    """Collects rows; `store()` gives them in a memory store."""

    def __init__(self) -> None:
        self._services: dict[str, int] = {}
        self._spans: list[Row] = []
        self._links: list[Row] = []
        self._events: list[Row] = []
        self._messaging: list[Row] = []
        self._correlation: list[Row] = []
        self._connections: list[Row] = []
        self._endpoints: list[Row] = []
        self._delivered: dict[tuple[int, int], Row] = {}
        self._orphans: list[Row] = []

    def span(
        self,
        trace: int,
        span_id: int,
        *,
        parent: int | None = None,
        service: str = "shop",
        error: bool = False,
        order: str | None = None,
        message: str | None = None,
        attributes: dict[str, Any] | str | None = None,
        **values: Any,
    ) -> Row:
        """A span; `order` is its order.id, `message` its message id, `attributes` a
        mapping or JSON text."""
        number = self._services.setdefault(service, len(self._services) + 1)
        text = attributes if isinstance(attributes, str) else json.dumps(attributes or {})
        start = values.setdefault("start_time_unix_nano", span_id)
        values.setdefault("end_time_unix_nano", start + 10)
        row = rows.span(
            trace,
            span_id,
            parent_span_id=parent,
            resource_id=number,
            status_code=2 if error else 0,
            attributes=text,
            **values,
        )
        self._spans.append(row)
        if order is not None:
            self._correlation.append(rows.correlated(row, order))
        if message is not None:
            self._messaging.append(rows.message(row, message_id=message))
        return row | {"service": service}

    def says(self, span: Row, key: str, value: str) -> None:
        self._correlation.append(rows.correlated(span, value, key))

    def message(self, span: Row, **values: Any) -> None:
        """What a span says of its message: columns of MESSAGING."""
        self._messaging.append(rows.message(span, **values))

    def link(self, span: Row, trace: int, span_id: int, **values: Any) -> None:
        self._links.append(rows.link(span, trace, span_id, **values))

    def event(self, span: Row, **values: Any) -> None:
        self._events.append(rows.part(span, **values))

    def hand_over(self, producer: Row, consumer: Row, **values: Any) -> None:
        """A connection; a link through `orders` unless said otherwise."""
        told = {
            "producer_service_name": producer["service"],
            "producer_span_name": producer["name"],
            "consumer_service_name": consumer["service"],
            "consumer_span_name": consumer["name"],
            "relation": "link",
            "rule": "link",
            "confidence": 1.0,
            "evidence": '[{"field": "link", "producer": "p", "consumer": "c"}]',
            "system": "aws_sqs",
            "destination": "orders",
            "wait_nano": 5,
            "attempt": 1,
        }
        row = rows.connection(producer, consumer, **(told | values))
        self._connections.append(row)
        self._delivered[(consumer["trace_lo"], consumer["span_id"])] = {
            "relation": row["relation"],
            "producer_service_name": row["producer_service_name"],
            **{name: row.get(name) for name in _HANDOVER},
        }

    def endpoint(self, span: Row, role: str, **values: Any) -> None:
        told = {
            "role": role,
            "service_name": span["service"],
            "span_name": span["name"],
            "end_time_unix_nano": span["end_time_unix_nano"],
            "system": "aws_sqs",
            "destination": "orders",
            "error": span["status_code"] == 2,
        }
        self._endpoints.append(rows.owned(span, **(told | values)))

    def orphan(self, span: Row, **values: Any) -> None:
        told = {
            "service_name": span["service"],
            "span_name": span["name"],
            "system": "aws_sqs",
            "destination": "orders",
            "facts": "{}",
            "cause_code": "S1",
            "cause_title": "Message attributes were not requested",
            "cause_confidence": 0.9,
            "cause_fix": "Ask for them.",
            "other_causes": '[{"code": "S2", "confidence": 0.3}]',
            "evidence": '[{"field": "f", "value": "v", "meaning": "m"}]',
        }
        self._orphans.append(rows.owned(span, **(told | values)))

    def _deliveries(self) -> list[Row]:
        """End points of the consumers of hand-overs that have none yet."""
        known = {(row["trace_lo"], row["span_id"]) for row in self._endpoints}
        ends = []
        for span in self._spans:
            place = (span["trace_lo"], span["span_id"])
            if place in self._delivered and place not in known:
                name = next(n for n, i in self._services.items() if i == span["resource_id"])
                told = {"role": "process", "service_name": name} | self._delivered[place]
                ends.append(rows.owned(span, **told))
        return ends

    def store(self) -> SpanStore:
        store = MemoryStore()
        batch = rows.make_batch(
            self._spans,
            links=self._links,
            events=self._events,
            messaging=self._messaging,
            correlation=self._correlation,
            resources=[rows.resource(number, name) for name, number in self._services.items()],
            scopes=[rows.scope(), rows.scope(OTHER_SCOPE, name="another library")],
        )
        result = store.append(batch, STORED_AT)
        traces = rows.traces(*{row["trace_lo"] for row in self._spans})
        store.replace_connections(
            traces,
            rows.make_table(schema.ENDPOINTS, self._endpoints + self._deliveries()),
            rows.make_table(schema.CONNECTIONS, self._connections),
        )
        store.replace_orphans(
            traces, rows.make_table(schema.ORPHANS, self._orphans), result.generation
        )
        return store
