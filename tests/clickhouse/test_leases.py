"""One process at a time analyses a store; answers of any other are never seen."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from storage import schema
from storage.clickhouse import leases
from storage.clickhouse.store import ClickHouseStore
from storage.contract import StoreError
from tests.clickhouse.rig import connected
from tests.contract.rows import make_batch, make_table, owned, span, traces
from tests.waiting import wait_until

Two = tuple[ClickHouseStore, ClickHouseStore]


@pytest.fixture
def two(clickhouse_url: str) -> Iterator[Two]:
    with (
        closing(ClickHouseStore(clickhouse_url)) as one,
        closing(ClickHouseStore(clickhouse_url)) as other,
    ):
        one.append(make_batch([span(1, 1)]), 1)
        yield one, other


def answer(store: ClickHouseStore, code: str, generation: int = 1) -> None:
    rows = make_table(schema.ORPHANS, [owned(span(1, 1), cause_code=code)])
    store.replace_orphans(traces(1), rows, generation)


def codes(store: ClickHouseStore) -> list[object]:
    return store.orphans_of(traces(1))["cause_code"].to_pylist()


def beats(url: str) -> int:
    with connected(url) as client:
        heard = client.query("SELECT count() FROM journal WHERE step = 'beaten'")
        return int(heard.result_rows[0][0])


def test_the_first_that_asks_analyses_and_the_other_waits(two: Two) -> None:
    one, other = two
    assert [one.claim_analysis(), other.claim_analysis()] == [1, 0]
    assert [one.claim_analysis(), other.claim_analysis()] == [1, 0]
    answer(one, "S1")
    with pytest.raises(StoreError, match="Another process analyses"):
        answer(other, "S2")
    assert codes(other) == ["S1"]


def test_who_closes_leaves_the_analysis_to_another(two: Two) -> None:
    one, other = two
    assert one.claim_analysis() == 1
    one.close()
    assert other.claim_analysis() == 2
    answer(other, "S2")


def test_who_is_silent_for_long_is_replaced_and_refused(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    assert one.claim_analysis() == 1
    monkeypatch.setattr(leases, "LEASE_SECONDS", -1.0)
    assert other.claim_analysis() == 2
    answer(other, "S2")
    nothing = (schema.ENDPOINTS.empty_table(), schema.CONNECTIONS.empty_table())
    with pytest.raises(StoreError, match="Another process analyses"):
        answer(one, "S1")
    with pytest.raises(StoreError, match="Another process analyses"):
        one.forget_answers()
    with pytest.raises(StoreError, match="Another process analyses"):
        one.delete_until(1, traces())
    with pytest.raises(StoreError, match="Another process analyses"):
        one.replace_connections(traces(1), *nothing)
    assert codes(one) == ["S2"]
    assert other.status().spans == 1
    # It may take its turn again, and learns that another had it.
    assert one.claim_analysis() == 3


def test_an_answer_that_is_being_written_when_another_takes_over_is_never_seen(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    assert one.claim_analysis() == 1
    late = one._database.answer(one.fence())
    late.__enter__().detail["forgotten"] = True
    monkeypatch.setattr(leases, "LEASE_SECONDS", -1.0)
    assert other.claim_analysis() == 2
    answer(other, "S2")
    with pytest.raises(StoreError):
        late.__exit__(None, None, None)
    assert codes(one) == codes(other) == ["S2"]


def test_an_answer_of_who_never_asked_is_ended_too(two: Two) -> None:
    one, other = two
    late = one._database.answer(one.fence())
    late.__enter__().detail["forgotten"] = True
    assert other.claim_analysis() == 1
    answer(other, "S2")
    with pytest.raises(StoreError):
        late.__exit__(None, None, None)
    assert codes(other) == ["S2"]


def test_what_is_no_answer_of_the_analysis_goes_on_when_another_takes_over(two: Two) -> None:
    one, other = two
    note = one._database.answer()
    note.__enter__().detail["deleted"] = 1
    assert other.claim_analysis() == 1
    note.__exit__(None, None, None)
    assert other.status().spans == 0


def test_a_holder_is_heard_of_while_it_asks(
    two: Two, clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    monkeypatch.setattr(leases, "_BEAT_SECONDS", 0.0)
    for _ in range(3):
        assert one.claim_analysis() == 1
        assert other._database.look().lease().owner == one._database.journal.writer
        assert other.claim_analysis() == 0
    assert beats(clickhouse_url) == 3


def test_a_holder_is_heard_of_while_it_reads(
    two: Two, clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    assert one.claim_analysis() == 1
    monkeypatch.setattr(leases, "_BEAT_SECONDS", 0.0)
    for store in (one, other):  # one of these has no lease to keep
        store.related_traces(traces(1), 1_000)
        store.analysis_input(traces(1))
    assert beats(clickhouse_url) == 2


def test_a_holder_is_heard_of_while_it_computes(
    two: Two, clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = two
    monkeypatch.setattr(leases, "_BEAT_SECONDS", 0.0)
    monkeypatch.setattr(leases, "_HEARTBEAT_SECONDS", 0.02)
    assert one.claim_analysis() == 1
    before = beats(clickhouse_url)
    wait_until(lambda: beats(clickhouse_url) > before + 1, "it is heard of twice")


def test_a_holder_whose_analysis_hangs_is_heard_of_no_more(
    two: Two, clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    assert one.claim_analysis() == 1
    monkeypatch.setattr(leases, "_BEAT_SECONDS", 0.0)
    one._beat_meanwhile()
    other._beat_meanwhile()  # has no lease to keep
    assert beats(clickhouse_url) == 1
    monkeypatch.setattr(leases, "_LONGEST_PAUSE_SECONDS", 0.0)
    one._beat_meanwhile()
    assert beats(clickhouse_url) == 1
    one.beat()  # it goes on after all
    assert beats(clickhouse_url) == 2


def test_who_takes_over_and_fails_halfway_takes_over_when_it_asks_again(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    late = one._database.answer(one.fence())
    late.__enter__()

    def broken(_name: str, _number: int) -> None:
        raise StoreError("The line broke.")

    with monkeypatch.context() as patched:
        patched.setattr(other._database.journal, "abort", broken)
        with pytest.raises(StoreError, match="broke"):
            other.claim_analysis()
    assert other.claim_analysis() == other.claim_analysis() == 1
    answer(other, "S2")
    with pytest.raises(StoreError):
        late.__exit__(None, None, None)


def test_who_was_heard_of_in_the_future_is_replaced(two: Two, clickhouse_url: str) -> None:
    one, other = two
    assert one.claim_analysis() == 1
    with connected(clickhouse_url) as client:
        client.command(
            "INSERT INTO journal (series, number, step, writer, detail, at) SELECT 'analysis',"
            " 1, 'beaten', '', '{}', now64(3) + INTERVAL 1 DAY"
        )
    assert other.claim_analysis() == 2
    assert one.claim_analysis() == 0
