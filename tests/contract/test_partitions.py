"""Several analyzers of one store, on every engine; several processes are in tests/clickhouse."""

from unittest.mock import patch

import pytest

from storage import schema
from storage.contract import (
    ConnectionQuery,
    EndpointQuery,
    OrphanQuery,
    Page,
    SpanStore,
    StoreError,
)
from storage.engines import open_store
from storage.partition import WHOLE, Partition, parts_of
from tests.contract.conftest import ENGINES, NewStore
from tests.contract.rows import make_batch, make_table, owned, span, traces
from tests.contract.test_recordings import batch_of
from tests.golden.recordings import NAMES
from tracestitch.analysis import AnalysisLoop

ONE, TWO = parts_of(2)
_ALL = Page(limit=1_000_000)
_FEW = NAMES[::20]
Answers = dict[str, list[str]]


def stored(store: SpanStore, *numbers: int) -> None:
    for number in numbers:
        store.append(make_batch([span(number, 1)]), 1)


def answer(store: SpanStore, partition: Partition, generation: int, trace: int = 1) -> None:
    rows = make_table(schema.ENDPOINTS, [owned(span(trace, 1))])
    nothing = schema.CONNECTIONS.empty_table()
    store.replace_connections(traces(trace), rows, nothing, partition)
    orphans = schema.ORPHANS.empty_table()
    store.replace_orphans(traces(trace), orphans, generation, partition)


def test_each_partition_has_its_own_progress(store: SpanStore) -> None:
    stored(store, 1, 2)
    assert store.claim_analysis(ONE)
    assert store.claim_analysis(TWO)
    answer(store, ONE, 2)
    one, two = store.progress(ONE), store.progress(TWO)
    assert (one.newest, one.analysed, one.least) == (2, 2, 0)
    assert (two.newest, two.analysed, two.least) == (2, 0, 0)
    assert [(each.analysed, each.is_held) for each in store.status().partitions] == [
        (2, True),
        (0, True),
    ]


def test_only_what_others_answer_is_told_of_as_theirs(store: SpanStore) -> None:
    stored(store, 1)
    assert store.claim_analysis(ONE)
    assert store.claim_analysis(TWO)
    before = store.progress(ONE).others, store.progress(TWO).others
    answer(store, TWO, 1)
    assert store.progress(ONE).others > before[0]
    assert store.progress(TWO).others == before[1]


def test_the_last_append_is_analysed_when_all_have_judged_by_what_all_answered(
    store: SpanStore,
) -> None:
    stored(store, 1, 2)
    assert store.claim_analysis(ONE)
    assert store.claim_analysis(TWO)
    answer(store, ONE, 2)
    assert store.generations() == (2, 0)
    answer(store, TWO, 2)
    assert store.generations() == (2, 1)
    store.note_judged(ONE, 2, [])
    assert store.generations() == (2, 1)
    store.note_judged(TWO, 2, [("prod", None, "orders", "kafka", "placed")])
    assert store.generations() == (2, 2)
    assert store.status().pending_spans == 0
    assert store.progress(ONE).places == frozenset()
    assert store.progress(TWO).places == frozenset([("prod", None, "orders", "kafka", "placed")])


def test_forgetting_answers_begins_with_all_anew(store: SpanStore) -> None:
    stored(store, 1)
    number = store.claim_analysis(ONE)
    assert store.claim_analysis(TWO)
    answer(store, TWO, 1)
    store.forget_answers("anew")
    assert store.progress(TWO).analysed == 0
    assert store.claim_analysis(TWO) != number
    assert store.endpoints(EndpointQuery(), 9).num_rows == 0
    answer(store, TWO, 1)
    assert store.progress(TWO).analysed == 1


def test_who_never_divided_a_store_has_it_whole(store: SpanStore) -> None:
    stored(store, 1)
    assert store.claim_analysis()
    answer(store, WHOLE, 1)
    progress = store.progress()
    assert (progress.analysed, progress.places) == (1, None)
    assert [str(each.partition) for each in store.status().partitions] == ["1/1"]


def test_a_closed_store_says_so_to_who_asks_for_progress(store: SpanStore) -> None:
    store.close()
    for ask in (lambda: store.claim_analysis(TWO), lambda: store.note_judged(TWO, 1, [])):
        with pytest.raises(StoreError, match="closed"):
            ask()


@pytest.fixture(scope="module")
def expected() -> Answers:
    """Of one analyzer."""
    return analysed(open_store("memory:"), [WHOLE], _FEW)


@pytest.mark.parametrize("engine", ENGINES)
def test_two_analyzers_answer_recordings_as_one_does(
    engine: str, new_store: NewStore, expected: Answers
) -> None:
    with new_store(engine) as store:
        assert analysed(store, [ONE, TWO], _FEW) == expected


def test_three_analyzers_answer_all_recordings_as_one_does() -> None:
    stores = open_store("memory:"), open_store("memory:")
    one, three = (
        analysed(store, parts_of(count), NAMES) for store, count in zip(stores, (1, 3), strict=True)
    )
    assert three == one


def analysed(store: SpanStore, partitions: list[Partition], names: list[str]) -> Answers:
    """The answers when all have judged by what all answered, as texts in order."""
    loops = [AnalysisLoop(store, each) for each in partitions]
    for name in names:
        store.append(batch_of(name), stored_at_unix_nano=1)
    with patch("tracestitch.shared_facts._CHEAP_SECONDS", 1e9):
        while sum(loop.run_once() for loop in loops):
            pass
    assert store.status().pending_spans == 0
    tables = {
        "endpoints": store.endpoints(EndpointQuery(), _ALL.limit),
        "connections": store.connections(ConnectionQuery(min_confidence=0.0), _ALL).table,
        "orphans": store.orphans(OrphanQuery(), _ALL).table,
    }
    return {name: sorted(map(repr, table.to_pylist())) for name, table in tables.items()}
