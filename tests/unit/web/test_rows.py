"""Answer rows as JSON objects."""

from typing import Any

import pytest

from storage import schema
from tests.contract.rows import connection, make_row, span
from web.rows import connection_object


def row(relation: str, **values: Any) -> dict[str, Any]:
    ends = connection(span(1, 2), span(3, 4), relation=relation, **values)
    return make_row(schema.CONNECTIONS, **ends)


@pytest.mark.parametrize(
    ("relation", "field", "said"),
    [
        ("parent", "parent_span_id", f"{2:016x}"),
        ("link", "link", f"{1:016x}{1:016x}/{2:016x}"),
    ],
)
def test_what_the_spans_state_is_told_from_the_producers_ids(
    relation: str, field: str, said: str
) -> None:
    told = connection_object(row(relation, evidence="[]"))["evidence"]
    assert told == [{"field": field, "producer": said, "consumer": said}]


def test_evidence_that_a_rule_found_is_told_as_it_was_kept() -> None:
    kept = '[{"field":"messaging.message.id","producer":"m","consumer":"m"}]'
    told = connection_object(row("stitch", evidence=kept))["evidence"]
    assert told == [{"field": "messaging.message.id", "producer": "m", "consumer": "m"}]
