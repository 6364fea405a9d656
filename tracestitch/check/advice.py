"""Remarks on how spans are written: names that tell the infrastructure, ids that are missing.
They never fail a check."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import click

from analyzer.causes import load_causes
from storage.correlation_keys import canonical_key
from storage.schema import load_attributes
from tracestitch.api_client import Get, ask
from web.shapes import Connection, Orphan

# Of so many of the first hand-overs the spans are looked at, one of each service and name.
_LOOKED_AT = 1_000
_EXAMPLES = 200
# Columns that name one message (storage/attributes.toml).
_MESSAGE_IDS = ("message_id", "event_id", "kafka_offset", "sequence_number")
# What a name is made of that tells only how a message travels.
_CARRIERS = """
aws amqp broker consumer event eventbridge events exchange faas function handler kafka lambda
listener message messages messaging producer pubsub queue rabbitmq record records sns sqs stream
topic worker
"""
_VERBS = """
batch call callback consume create deliver dispatch do emit execute get handle in invoke main on
poll post process publish pull push put read receive recv run send subscribe task to trigger write
"""
_TRAVEL = frozenset(f"{_CARRIERS} {_VERBS}".split())
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W_A-Za-z]+")

Role = Literal["sends", "takes"]


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """Spans that one line of code makes."""

    service: str
    name: str
    role: Role


def is_infrastructure(name: str) -> bool:
    """Whether every word of a span's name tells how a message travels and none what it is
    about: `send_sqs_message` and `lambda_handler`, not `order.publish` or `orders process`."""
    words = [word.lower() for word in _WORD.findall(name)]
    return bool(words) and _TRAVEL.issuperset(words)


def advise(get: Get, orphans: Iterable[Orphan], keys: Sequence[str] = ()) -> list[str]:
    """Sentences by service and span name, in their order; `keys` are correlation keys beside
    the usual ones. Looks at one span of each, in up to 200 of them. Raises ClickException."""
    answer = ask(get, "/api/v1/connections", {"limit": str(_LOOKED_AT)})
    examples = _choose(answer["connections"], orphans)
    remarks = list(_remark_names(examples))
    traces: dict[str, list[dict[str, Any]]] = {}
    for kind, (trace_id, span_id) in sorted(examples.items())[:_EXAMPLES]:
        if trace_id not in traces:
            traces[trace_id] = _read_trace(get, trace_id)
        for span in traces[trace_id]:
            if span["span_id"] == span_id:
                remarks += _remark_ids(kind, _names_of(span), keys)
    return remarks


def _choose(
    connections: Iterable[Connection], orphans: Iterable[Orphan]
) -> dict[Kind, tuple[str, str]]:
    """Trace and span of the first of each kind, by ids."""
    found: dict[Kind, tuple[str, str]] = {}
    ends: list[tuple[Role, Mapping[str, Any]]] = []
    for connection in connections:
        ends += [("sends", connection["producer"]), ("takes", connection["consumer"])]
    causes = load_causes()
    for orphan in orphans:
        sends = causes[orphan["cause"]["code"]].roots == "sends"
        ends.append(("sends" if sends else "takes", orphan))
    for role, end in ends:
        kind = Kind(end["service_name"] or "unknown service", end["span_name"], role)
        place = (end["trace_id"], end["span_id"])
        found[kind] = min(place, found.get(kind, place))
    return found


def _read_trace(get: Get, trace_id: str) -> list[dict[str, Any]]:
    try:
        spans: list[dict[str, Any]] = ask(get, f"/api/v1/traces/{trace_id}", {})["trace"]["spans"]
    except click.ClickException:  # a running server may have deleted it meanwhile
        return []
    return spans


def _remark_names(kinds: Iterable[Kind]) -> Iterator[str]:
    for service, name in sorted({(kind.service, kind.name) for kind in kinds}):
        if is_infrastructure(name):
            yield (
                f"{service}: the span name {name} tells how the message travels, not what it is "
                "about; a name such as order.publish finds its way into searches and journeys."
            )


def _names_of(span: Mapping[str, Any]) -> set[str]:
    """Of its attributes and those of its links: the messages of a batch stand there."""
    return {name for part in (span, *span["links"]) for name in part["attributes"]}


def _remark_ids(kind: Kind, names: set[str], keys: Sequence[str]) -> Iterator[str]:
    if _message_id_names().isdisjoint(name.lower() for name in names):
        yield (
            f"{kind.service}: {kind.name} {kind.role} messages without their id; record "
            "messaging.message.id, so that a lost context can be found."
        )
    if not any(canonical_key(name) or name in keys for name in names):
        yield (
            f"{kind.service}: {kind.name} {kind.role} messages without an id of the work, such "
            "as order.id; record one on both ends."
        )


def _message_id_names() -> frozenset[str]:
    columns = load_attributes()["columns"]
    return frozenset(name.lower() for column in _MESSAGE_IDS for name in columns[column]["names"])
