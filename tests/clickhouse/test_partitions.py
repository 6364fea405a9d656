"""Analyzers that share the traces of one database; what each engine does is in tests/contract."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from storage import schema
from storage.clickhouse import leases
from storage.clickhouse.store import ClickHouseStore
from storage.contract import EndpointQuery, StoreError
from storage.partition import Partition, parts_of
from tests.contract.rows import make_batch, make_table, owned, span, traces
from tracestitch.analysis import AnalysisLoop
from tracestitch.reanalysis import run_reanalysis

ONE, TWO = parts_of(2)
Two = tuple[ClickHouseStore, ClickHouseStore]


@pytest.fixture
def two(clickhouse_url: str) -> Iterator[Two]:
    """Two processes that hold the two partitions; two spans of a trace each are stored."""
    with (
        closing(ClickHouseStore(clickhouse_url)) as one,
        closing(ClickHouseStore(clickhouse_url)) as other,
    ):
        for number in (1, 2):
            one.append(make_batch([span(number, 1)]), 1)
        assert one.claim_analysis(ONE) > 0
        assert other.claim_analysis(TWO) > 0
        yield one, other


def answer(store: ClickHouseStore, partition: Partition, generation: int) -> None:
    """Of the first trace."""
    rows = make_table(schema.ENDPOINTS, [owned(span(1, 1))])
    nothing = schema.CONNECTIONS.empty_table()
    store.replace_connections(traces(1), rows, nothing, partition)
    orphans = schema.ORPHANS.empty_table()
    store.replace_orphans(traces(1), orphans, generation, partition)


def test_each_partition_has_one_holder_and_its_own_progress(two: Two, clickhouse_url: str) -> None:
    one, other = two
    answer(one, ONE, 2)
    answer(other, TWO, 1)
    assert (one.claim_analysis(TWO), other.claim_analysis(ONE)) == (0, 0)
    with pytest.raises(StoreError, match="Another process analyses"):
        answer(other, ONE, 2)
    other.close()
    with closing(ClickHouseStore(clickhouse_url)) as third:
        assert [each.is_held for each in third.status().partitions] == [True, False]
        assert third.claim_analysis(TWO) > 0
        progress = third.progress(TWO)
        assert (progress.analysed, progress.least) == (1, 1)


def test_another_number_waits_until_nobody_has_the_former_one(
    two: Two, clickhouse_url: str
) -> None:
    one, other = two
    answer(one, ONE, 2)
    answer(other, TWO, 1)
    (first, *_) = parts_of(3)
    with closing(ClickHouseStore(clickhouse_url)) as third:
        for wanted in (first, Partition()):
            with pytest.raises(StoreError, match=r"is analysed in 2 by processes that run"):
                third.claim_analysis(wanted)
        one.close()
        with pytest.raises(StoreError, match="stop those with another"):
            third.claim_analysis(first)
        other.close()
        assert third.claim_analysis(first) > 0
        progress = third.progress(first)
        assert (progress.analysed, progress.least, progress.earlier) == (1, 1, ((2, 1),))
        with (
            closing(ClickHouseStore(clickhouse_url)) as former,
            pytest.raises(StoreError, match="is analysed in 3"),
        ):
            former.claim_analysis(ONE)


def test_who_comes_back_after_the_store_was_divided_anew_stores_nothing(
    two: Two, clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = two
    late = one._database.answer(one.fence(ONE))
    late.__enter__().detail["analysed 1/2"] = 2
    monkeypatch.setattr(leases, "LEASE_SECONDS", -1.0)
    with closing(ClickHouseStore(clickhouse_url)) as third:
        assert third.claim_analysis(Partition()) > 0
        with pytest.raises(StoreError):
            late.__exit__(None, None, None)
        with pytest.raises(StoreError, match="begin anew"):
            answer(one, ONE, 2)
        assert third.progress().analysed == 0
        assert third.endpoints(EndpointQuery(), 9).num_rows == 0


def test_what_was_worked_out_before_all_was_forgotten_is_not_stored(two: Two) -> None:
    one, other = two
    answer(other, TWO, 2)
    number = other.claim_analysis(TWO)
    one.forget_answers("anew")
    with pytest.raises(StoreError, match="begin anew"):
        answer(other, TWO, 2)
    assert other.claim_analysis(TWO) != number
    assert other.progress(TWO).analysed == 0
    answer(other, TWO, 2)
    assert one.endpoints(EndpointQuery(), 9).num_rows == 1


def test_an_answer_that_begins_while_all_is_forgotten_is_refused(two: Two) -> None:
    one, other = two
    forgetting = one._database.answer(one.leading_fence(alone=True))
    forgetting.__enter__().detail["forgotten"] = True
    with pytest.raises(StoreError, match="begin anew"):
        answer(other, TWO, 2)
    forgetting.__exit__(None, None, None)
    assert other.claim_analysis(TWO) > 0
    answer(other, TWO, 2)
    assert other.endpoints(EndpointQuery(), 9).num_rows == 1


def test_reanalyze_leaves_all_answers_to_those_who_analyse(
    two: Two, clickhouse_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = two
    answer(one, ONE, 2)
    answer(other, TWO, 2)
    run_reanalysis(clickhouse_url, ())
    assert "work all answers out anew" in capsys.readouterr().out
    assert one.endpoints(EndpointQuery(), 9).num_rows == 0
    with pytest.raises(StoreError, match="begin anew"):
        answer(other, TWO, 2)
    for store, partition in ((one, ONE), (other, TWO)):
        assert store.claim_analysis(partition) > 0
        assert store.progress(partition).analysed == 0


def test_only_the_first_deletes_and_answers_about_what_is_gone_are_dropped(two: Two) -> None:
    one, other = two
    with pytest.raises(StoreError, match="Another process analyses"):
        other.delete_until(1, traces())
    assert one.delete_until(1, traces()).spans == 1
    answer(other, TWO, 2)
    assert other.endpoints(EndpointQuery(), 9).num_rows == 0
    assert other.progress(TWO).analysed == 2


def test_who_looks_whether_it_may_delete_lets_no_pass_store_what_all_forgot(
    clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that deletes looks once a second, beside passes."""
    with closing(ClickHouseStore(clickhouse_url)) as store:
        loop = AnalysisLoop(store)
        keep = loop._near.keep

        def keep_late(*args: Any) -> Any:
            run_reanalysis(clickhouse_url, ())
            assert loop.leads()
            return keep(*args)

        store.append(make_batch([span(1, 1)]), 1)
        with monkeypatch.context() as patched:
            patched.setattr(loop._near, "keep", keep_late)
            with pytest.raises(StoreError, match="begin anew"):
                loop.run_once()
        assert store.generations() == (1, 0)
        assert loop.run_once()
        assert store.generations() == (1, 1)
