"""Spellings of correlation keys."""

import pytest

from storage.correlation_keys import canonical_key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("order.id", "order.id"),
        ("orderId", "order.id"),
        ("temporalWorkflowID", "workflow.id"),
        ("messaging.conversation_id", "messaging.message.conversation_id"),
        ("order", None),
        ("ORDER.ID", None),
        ("", None),
    ],
)
def test_a_spelling_names_its_key(name: str, key: str | None) -> None:
    assert canonical_key(name) == key
