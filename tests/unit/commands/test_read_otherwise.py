"""Whether stored spans were read with other settings, and how often that is asked."""

from storage.memory import MemoryStore
from tests.builders import batch, span
from tracestitch.read_otherwise import ReadOtherwise


class CountingStore(MemoryStore):
    """How often it was asked about settings."""

    asked = 0

    def settings_of_spans(self) -> list[str]:
        self.asked += 1
        return super().settings_of_spans()


def store_noted(*names: str) -> CountingStore:
    """A span under each of the settings, of which the last are in force."""
    store = CountingStore()
    for number, name in enumerate(names, 1):
        store.note_settings(name)
        store.append(batch(span(trace=number)), number)
    return store


def test_spans_that_were_read_otherwise_are_told_until_they_are_gone() -> None:
    store = store_noted("old", "new")
    otherwise = ReadOtherwise(store, is_shared=False)
    assert otherwise()
    assert otherwise()
    store.delete_until(1, batch(span(trace=1)).spans.select(["trace_hi", "trace_lo"]))
    assert not otherwise()


def test_a_store_of_one_process_is_not_asked_again_once_it_says_no() -> None:
    for store in (store_noted("same", "same"), store_noted()):
        store.note_settings("same")
        otherwise = ReadOtherwise(store, is_shared=False)
        assert not otherwise()
        store.append(batch(span(trace=9)), 9)
        assert not otherwise()
        assert store.asked == 1


def test_a_shared_store_is_asked_each_time_for_others_note_settings_too() -> None:
    store = store_noted("old")
    otherwise = ReadOtherwise(store, is_shared=True)
    assert not otherwise()
    store.note_settings("of another process")
    assert otherwise()


def test_what_to_do_is_told_by_the_kind_of_store() -> None:
    store = store_noted()
    assert "`tracestitch reanalyze`" in ReadOtherwise(store, is_shared=False).describe()
    assert "until they are deleted" in ReadOtherwise(store, is_shared=True).describe()
