"""What made that which a store holds."""

from storage.contract import SpanStore
from tests.contract.rows import make_batch, span, traces


def store_spans(store: SpanStore, *numbers: int) -> None:
    for number in numbers:
        store.append(make_batch([span(number, number)]), number)


def test_an_empty_store_has_no_settings(store: SpanStore) -> None:
    store.note_settings("a")
    assert store.settings_of_spans() == []


def test_the_settings_in_force_are_those_that_were_noted_last(store: SpanStore) -> None:
    assert store.settings_in_force() == ""
    store_spans(store, 1)
    for name in ("a", "b"):
        store.note_settings(name)
        assert store.settings_in_force() == name
    assert store.settings_of_spans() == [""]


def test_settings_are_those_that_spans_were_stored_under(store: SpanStore) -> None:
    store.note_settings("a")
    store_spans(store, 1)
    for name in ("a", "c", "b", "b"):  # nothing was stored under "c"
        store.note_settings(name)
    store_spans(store, 2)
    assert store.settings_of_spans() == ["a", "b"]
    store.note_settings("a")
    assert store.settings_of_spans() == ["a", "b"]


def test_spans_from_before_the_first_note_have_unknown_settings(store: SpanStore) -> None:
    store_spans(store, 1)
    assert store.settings_of_spans() == [""]
    store.note_settings("a")
    assert store.settings_of_spans() == [""]
    store_spans(store, 2)
    assert store.settings_of_spans() == ["", "a"]


def test_settings_of_deleted_spans_are_forgotten(store: SpanStore) -> None:
    store_spans(store, 1)
    store.note_settings("a")
    store_spans(store, 2, 3)
    store.note_settings("b")
    store_spans(store, 4)
    for upto, left in ((1, ["a", "b"]), (2, ["a", "b"]), (3, ["b"]), (4, [])):
        store.delete_until(upto, traces())
        assert store.settings_of_spans() == left
    store.note_settings("c")
    store_spans(store, 5)
    assert store.settings_of_spans() == ["c"]


def test_rules_are_noted_when_answers_are_forgotten(store: SpanStore) -> None:
    assert store.answering_rules() == ""
    store.forget_answers("one")
    store.forget_answers("two")
    assert store.answering_rules() == "two"
    store.forget_answers()
    assert store.answering_rules() == ""
