"""The journal stays short, and says the same as one that is kept whole: whoever writes, reads
and folds it meanwhile, wherever they die, and however long somebody did not look."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import schema
from storage.clickhouse import answer_writer
from storage.clickhouse.client import Client
from storage.clickhouse.deletes import Reclaimer, delete
from storage.clickhouse.journal import NAMES, Journal, Name
from storage.clickhouse.snapshot import Series, Snapshot
from storage.clickhouse.store import ClickHouseStore
from storage.clickhouse.url import parse_url
from storage.contract import StoreError
from tests.clickhouse.rig import connected, database, empty
from tests.contract.rows import make_batch, span, traces

PROCESSES = 3
FOLDED = "SELECT series, max(number) AS number FROM journal WHERE step = 'folded' GROUP BY series"


class Died(Exception):
    pass


class History:
    """Processes with one journal, and what they should find in it."""

    def __init__(self, url: str) -> None:
        self.client = Client(parse_url(url))
        self._database = self.client.address.database
        self.journals = [Journal(self.client) for _ in range(PROCESSES)]
        self.numbers: dict[Name, dict[int, str]] = {name: {} for name in NAMES}
        self.details: dict[int, dict[str, Any]] = {}
        self.claims: list[tuple[Name, int]] = []

    def claim(self, process: int, which: int) -> None:
        name = NAMES[which % 2]
        number, _ = self.journals[process].claim(name)
        assert number not in self.numbers[name]
        self.numbers[name][number] = "open"
        self.claims.append((name, number))

    def commit(self, process: int, which: int) -> None:
        """Also of what was aborted, of which its writer does not know."""
        if not self.claims:
            return
        name, number = self.claims.pop(which % len(self.claims))
        detail: dict[str, Any] = {}
        if name == "answers":
            key = ["analysed", "forgotten", "rules"][which % 3]
            detail[key] = [self.seen().spans.complete, True, f"r{number}"][which % 3]
        if self.numbers[name][number] == "aborted":
            with pytest.raises(StoreError):
                self.journals[process].commit(name, number, **detail)
            return
        self.journals[process].commit(name, number, **detail)
        self.numbers[name][number] = "committed"
        if name == "answers":
            self.details[number] = detail

    def abort(self, process: int, which: int) -> None:
        """By another than its writer."""
        if self.claims:
            name, number = self.claims[which % len(self.claims)]
            self.journals[process].abort(name, number)
            self.numbers[name][number] = "aborted"

    def look(self, process: int, _which: int) -> None:
        self.compare(self.journals[process])

    def begin_anew(self, process: int, _which: int) -> None:
        self.journals[process] = Journal(self.client)
        self.compare(self.journals[process])

    def come_late(self, _process: int, which: int) -> None:
        """A row about a number that was folded, when the server has forgotten its token."""
        folded = self.client.select(FOLDED.replace("journal", f"`{self._database}`.journal"))
        for row in folded.to_pylist():
            series = row["series"].removeprefix("folded ")
            step = ["claimed", "committed", "aborted"][which % 3]
            told = [series, max(row["number"] - which % 5, 1), step, "", json.dumps({"rules": "?"})]
            names = ["series", "number", "step", "writer", "detail"]
            late = pa.Table.from_pylist([dict(zip(names, told, strict=True))])
            if row["number"]:
                self.client.insert("journal", late, uuid4().hex)

    def fold(self, process: int, meanwhile: Callable[[], None]) -> None:
        """With something else between its steps."""
        journal = self.journals[process]
        insert = self.client.insert
        earlier = journal.look_back(0)

        def interrupted(table: str, rows: pa.Table, token: str) -> None:
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(self.client, "insert", insert)
                meanwhile()
            insert(table, rows, token)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(self.client, "insert", interrupted)
            gone = journal.shorten(earlier)
        meanwhile()
        delete(self.client, "journal", gone)

    def seen(self) -> Snapshot:
        """What there is to be seen of it."""
        state: dict[str, Any] = {}
        for number, detail in sorted(self.details.items()):
            state |= {name: number if told is True else told for name, told in detail.items()}
        return Snapshot(self._series("spans"), self._series("answers"), {}, state)

    def _series(self, name: Name) -> Series:
        became = self.numbers[name]
        return Series(
            newest=max((n for n in became if became[n] == "committed"), default=0),
            hidden=tuple(sorted(n for n in became if became[n] != "committed")),
            highest=max(became, default=0),
        )

    def compare(self, journal: Journal) -> None:
        found, expected = journal.look(), self.seen()
        for name in NAMES:
            series, its = found.series(name), expected.series(name)
            assert (series.newest, series.hidden) == (its.newest, its.hidden)
            assert series.highest == its.highest
            open_ = [n for n, became in sorted(self.numbers[name].items()) if became == "open"]
            assert [claim.number for claim in series.open] == open_
        assert found.state == expected.state


STEPS = ["claim", "claim", "commit", "commit", "abort", "look", "begin_anew", "come_late"]
steps = st.tuples(st.sampled_from(STEPS), st.integers(0, PROCESSES - 1), st.integers(0, 19))
# Who folds, what happens between its steps, and after how many of these it dies.
folds = st.tuples(
    st.integers(0, PROCESSES - 1), st.lists(st.lists(steps, max_size=3), max_size=2), st.booleans()
)


@settings(
    max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(st.one_of(steps, steps, steps, folds), max_size=30))
def test_a_journal_that_is_folded_says_what_a_whole_one_says(
    journal_url: str, story: list[Any]
) -> None:
    empty(journal_url)
    history = History(journal_url)

    def do(step: tuple[str, int, int]) -> None:
        getattr(history, step[0])(*step[1:])

    for told in story:
        if isinstance(told[0], str):
            do(told)
            continue
        process, between, dies = told
        left = iter(between)

        def meanwhile(left: Iterator[Any] = left, dies: bool = dies) -> None:
            do_now = next(left, None)
            for step in do_now or ():
                do(step)
            if do_now is None and dies:
                raise Died

        with suppress(Died):
            history.fold(process, meanwhile)
    for journal in [*history.journals, Journal(history.client)]:
        history.compare(journal)
    history.client.close()


@pytest.fixture(scope="module")
def journal_url(clickhouse_server: str) -> Iterator[str]:
    with database(clickhouse_server) as url, closing(ClickHouseStore(url)):
        yield url


def rows_of(url: str) -> int:
    with connected(url) as client:
        return int(client.query("SELECT count() FROM journal").result_rows[0][0])


def test_the_journal_of_a_store_that_works_on_stays_short(
    clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reclaimer, "grace_seconds", 0)
    monkeypatch.setattr(answer_writer, "_RECLAIM_EVERY", 5)
    with closing(ClickHouseStore(clickhouse_url)) as store:
        assert store.claim_analysis() > 0
        most = 0
        for number in range(1, 31):
            store.append(make_batch([span(number, number)]), number)
            store.replace_orphans(traces(number), schema.ORPHANS.empty_table(), number)
            most = max(most, rows_of(clickhouse_url))
        assert most <= 40  # of more than 120
        with closing(ClickHouseStore(clickhouse_url)) as other:
            mine, theirs = store._database.look(), other._database.look()
            assert (mine.spans, mine.answers, mine.state) == (
                *(theirs.spans, theirs.answers, theirs.state),
            )
            assert other.generations() == (30, 30)
            assert other.append(make_batch([span(30, 30), span(31, 31)]), 1).generation == 31


def test_appends_that_were_not_analysed_are_not_folded(
    clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their commits say which have to be looked at for copies."""
    monkeypatch.setattr(Reclaimer, "grace_seconds", 0)
    with closing(ClickHouseStore(clickhouse_url)) as store:
        for number in (1, 2, 3):
            store.append(make_batch([span(number, number)]), number)
        store.replace_orphans(traces(), schema.ORPHANS.empty_table(), 2)
        store.reclaim()
        with connected(clickhouse_url) as client:
            kept = client.query("SELECT DISTINCT number FROM journal WHERE series = 'spans'")
            assert kept.result_rows == [(3,)]
            for rules in ("a", "b"):
                store._database.note(rules=rules)
                store.reclaim()
            folded = client.query("SELECT number FROM journal WHERE series = 'folded spans'")
            assert folded.result_rows == [(2,)]


def test_what_a_claim_that_is_hidden_from_the_past_would_end_is_not_folded(
    clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clocks of two servers differ."""
    monkeypatch.setattr(Reclaimer, "grace_seconds", 0)
    with closing(ClickHouseStore(clickhouse_url)) as store:
        late = store._database.answer()
        write = late.__enter__()
        with connected(clickhouse_url) as client:
            client.command(
                "ALTER TABLE journal UPDATE at = at + INTERVAL 1 HOUR WHERE number = 1"
                " SETTINGS mutations_sync = 1"
            )
        journal = store._database.journal
        journal.commit("answers", journal.claim("answers")[0])
        store.reclaim()
        write.detail["rules"] = "late"
        late.__exit__(None, None, None)
        with closing(ClickHouseStore(clickhouse_url)) as other:
            assert other._database.look().state == {"rules": "late"}
