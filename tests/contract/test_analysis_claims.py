"""Who may analyse a store, on every engine; several processes are in tests/clickhouse."""

import pytest

from storage.contract import SpanStore, StoreError


def test_who_is_alone_may_analyse_and_goes_on_to(store: SpanStore) -> None:
    number = store.claim_analysis()
    assert number > 0
    assert store.claim_analysis() == number


def test_answers_are_stored_with_and_without_a_claim(store: SpanStore) -> None:
    store.forget_answers("before")
    assert store.claim_analysis()
    store.forget_answers("after")
    assert store.answering_rules() == "after"


def test_a_closed_store_says_so_to_who_asks(store: SpanStore) -> None:
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.claim_analysis()
