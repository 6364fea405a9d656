"""Values whose key is hot join nothing, and lose none of their other meaning."""

from typing import Any

import polars as pl
import pytest

from analyzer.analysis import Answers, analyse
from storage.join_keys import KINDS
from tests.builders import batch, span
from tests.unit.analyzer.messages import KAFKA, ORDER, UUID, delivery, send

RECORD = KAFKA | {"messaging.kafka.partition": 3, "messaging.kafka.offset": 7}
SHARED = [
    ("correlation", ORDER),
    ("message", {"messaging.message.id": UUID}),
    ("message", RECORD),
    ("message", {"aws.eventbridge.event.id": UUID}),
]


def answers(*spans: Any, hot: str = "") -> Answers:
    """With all keys of a kind hot."""
    built = batch(*spans)
    keys = pl.DataFrame(built.keys)
    chosen = keys.filter(pl.col("kind") == KINDS[hot]) if hot else keys.clear()
    return analyse(built, hot=frozenset(chosen["key_hash"]))


@pytest.mark.parametrize(("kind", "told"), SHARED)
def test_a_hot_value_joins_nothing_and_leaves_the_orphan(kind: str, told: dict[str, Any]) -> None:
    spans = [send(attributes=told), delivery(attributes=told)]
    assert answers(*spans).connections.num_rows == 1
    found = answers(*spans, hot=kind)
    assert found.connections.num_rows == 0
    assert found.orphans["span_id"].to_list() == [21]
    assert found.endpoints.num_rows == 2


def test_a_cold_value_beside_a_hot_one_joins() -> None:
    told = ORDER | {"messaging.message.id": UUID}
    spans = [send(attributes=told), delivery(attributes=told)]
    for hot, rule in (("correlation", "message-id"), ("message", "correlation-id")):
        (connection,) = answers(*spans, hot=hot).connections.to_pylist()
        assert connection["rule"] == rule


def test_work_in_a_second_that_is_hot_follows_no_receive_span() -> None:
    queue = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}
    told = queue | {"messaging.operation": "receive", "messaging.message.id": UUID}
    poll = span("orders receive", id=1, parent=11, kind="CONSUMER", at=2.0, attributes=told)
    work = span("handle", trace=2, id=2, at=2.05)
    assert answers(send(), poll, work).orphans["span_id"].to_list() == [2]
    assert answers(send(), poll, work, hot="work").orphans.is_empty()
