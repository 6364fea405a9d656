"""The loop that feeds the analyzer: fetch what is new and what shares its keys, call the
analyzer, replace the answers.

Cost follows the new data. An answer depends on the spans that share a key with its own
trace (candidates and rivals), and on what explains those: two steps. So the answers of
all traces within two steps of a new span are computed again, from everything within two
further steps (docs/adr/0003).
"""

import logging
import threading
import time

import polars as pl
import pyarrow as pa

from analyzer.analysis import Answers, analyse, arrow
from analyzer.hot_keys import Hot
from analyzer.judging import Judge
from analyzer.losses import keep_answers
from analyzer.lost_sends import find_suspects
from analyzer.version import RULES_VERSION
from storage.contract import SpanStore, StoreError
from storage.schema import ORPHANS, TRACE_IDS
from tracestitch.judged_roots import judge_again, stored_roots
from tracestitch.known_facts import KnownFacts
from tracestitch.root_sends import (
    add_requests,
    earlier_sends,
    find_disturbed,
    find_new_suspects,
)

STEPS = 2
PASS_SPANS = 50_000
# A value in more traces than this names no single unit of work.
HOT_KEY_LIMIT = 1_000
_IDLE_SECONDS = 1.0

log = logging.getLogger(__name__)


def reach(store: SpanStore, traces: pa.Table, *steps: int) -> list[pa.Table]:
    """The traces and what lies within each of these numbers of steps, in their order."""
    found = last = pl.DataFrame(traces).unique()
    reached = [found]
    for _ in range(max(steps)):
        if not last.is_empty():
            near = pl.DataFrame(store.related_traces(_arrow_ids(last), HOT_KEY_LIMIT))
            last = near.join(found, on=TRACE_IDS.names, how="anti")
            found = pl.concat([found, last])
        reached.append(found)
    return [_arrow_ids(reached[step]) for step in steps]


class AnalysisLoop:
    """Keeps the answers of one store up to date, on a thread of its own."""

    def __init__(self, store: SpanStore) -> None:
        self._store = store
        self._surroundings = KnownFacts(store)
        self._facts: pl.DataFrame | None = None
        self._judge = Judge()
        self._rules_known = False
        self._claim = 0
        self._wake = threading.Event()
        self._stopping = False
        self.turn = threading.Lock()
        """Held by a pass, and by whoever deletes: neither sees half of what the other did."""
        self._thread: threading.Thread | None = None
        self.passes, self.pass_seconds, self.last_pass_seconds = 0, 0.0, 0.0
        """Passes over new spans: how many, in all, and the last one."""

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="analysis", daemon=True)
        self._thread.start()

    def forget_surroundings(self) -> None:
        """Some facts of the store hold no longer; in a `turn`."""
        self._surroundings.forget()
        self._facts = None

    def wake(self) -> None:
        """There are new spans."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the pass that runs, start no other."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def run_once(self) -> bool:
        """One pass; False when there was nothing to do. Raises StoreError."""
        with self.turn:
            try:
                return self._run_once()
            except BaseException:
                # What was counted may be half of what is stored now.
                self.forget_surroundings()
                raise

    def leads(self) -> bool:
        """Whether this process may answer; another one may have the store open. Raises
        StoreError."""
        return self._store.claim_analysis() > 0

    def _run_once(self) -> bool:
        claim = self._store.claim_analysis()
        if claim != self._claim:  # another process may have answered meanwhile
            self.forget_surroundings()
            self._rules_known = False
            self._claim = claim
        if not claim:
            return False
        if not self._rules_known:
            self._follow_rules()
        newest, analysed = self._store.generations()
        if newest == analysed and self._facts is not None:
            return False
        new, generation = self._store.traces_since(analysed, PASS_SPANS)
        known = self._surroundings.told() if self._facts is None else self._facts
        disturbed = find_disturbed(self._store, known, analysed, generation, new)
        new = _trace_ids(pl.concat([pl.DataFrame(new), pl.DataFrame(disturbed)]))
        owners, around, hot = self._reach_cold(new, analysed, generation)
        suspects = find_suspects(known)
        answers = self._answer(owners, around, hot, suspects)
        added = find_new_suspects(known, suspects, answers.endpoints)
        if not added.is_empty():
            suspects = pl.concat([suspects, added])
            self._answer_earlier(owners, added, suspects, analysed)
            answers = self._answer(owners, around, hot, suspects)
        answers = self._keep(answers, owners, analysed)
        before = self._surroundings.read(owners)
        self._store.replace_connections(owners, answers.endpoints, answers.connections)
        facts = self._surroundings.replace(before, answers.endpoints)
        if self._facts is not None and facts.equals(self._facts):
            facts = self._facts  # judging knows it already
        else:
            self._judge_others(owners, facts, analysed)
        judged = arrow(self._judge.judge(answers.orphans, facts), ORPHANS)
        self._store.replace_orphans(owners, judged, generation)
        self._facts = facts
        return newest != analysed

    def _answer(
        self, owners: pa.Table, around: pa.Table, hot: Hot, suspects: pl.DataFrame
    ) -> Answers:
        """The answers of the owners, given what is around them and the requests beside their
        root sends."""
        batch = self._store.analysis_input(around)
        batch = add_requests(self._store, batch, around, owners)
        return analyse(batch, owners, hot, suspects)

    def _answer_earlier(
        self, owners: pa.Table, places: pl.DataFrame, suspects: pl.DataFrame, analysed: int
    ) -> None:
        """Answer the traces of earlier root sends of places that become suspect with this
        pass, and which are told of only now. A pass that fails later begins with this."""
        mine, facts = pl.DataFrame(owners), self._surroundings.told()
        for traces in earlier_sends(self._store, places):
            others = pl.DataFrame(traces).join(mine, on=TRACE_IDS.names, how="anti")
            if not others.is_empty():
                theirs = _arrow_ids(others)
                (around,) = reach(self._store, theirs, STEPS)
                hot = frozenset(
                    pl.DataFrame(self._store.hot_keys(around, HOT_KEY_LIMIT))["key_hash"]
                )
                answers = self._keep(self._answer(theirs, around, hot, suspects), theirs, analysed)
                judged = arrow(self._judge.judge(answers.orphans, facts), ORPHANS)
                self._store.replace_orphans(theirs, judged, analysed)

    def _reach_cold(
        self, new: pa.Table, analysed: int, upto: int
    ) -> tuple[pa.Table, pa.Table, frozenset[int]]:
        """Whose answers are computed, from which traces, and the hot keys of these. Answers
        that rest on a key that became hot are computed too."""
        owners, around = reach(self._store, new, STEPS, 2 * STEPS)
        hot = self._store.hot_keys(around, HOT_KEY_LIMIT)
        if hot.num_rows:
            heated = self._store.heated_traces(hot, HOT_KEY_LIMIT, analysed, upto)
            if heated.num_rows:
                seeds = _trace_ids(pl.concat([pl.DataFrame(new), pl.DataFrame(heated)]))
                owners, around = reach(self._store, seeds, STEPS, 2 * STEPS)
                hot = self._store.hot_keys(around, HOT_KEY_LIMIT)
        return owners, around, frozenset(pl.DataFrame(hot)["key_hash"])

    def _follow_rules(self) -> None:
        """Answers of other rules are no answers: all are worked out anew."""
        if self._store.answering_rules() != RULES_VERSION:
            if self._store.generations()[1]:
                log.warning("The answers were made by other rules and are worked out again")
            self._store.forget_answers(RULES_VERSION)
        self._rules_known = True

    def _keep(self, answers: Answers, owners: pa.Table, analysed: int) -> Answers:
        """The answers, with what traces had that have lost something since."""
        lost = self._store.losses_of(owners)
        if not lost.num_rows:
            return answers
        connections = pl.DataFrame(answers.connections)
        far = connections.select(pl.col(f"producer_{n}").alias(n) for n in TRACE_IDS.names)
        near = _trace_ids(pl.concat([pl.DataFrame(lost), far]))
        old = Answers(
            endpoints=self._store.endpoints_of(lost),
            connections=self._store.connections_of(lost, "consumer"),
            orphans=pl.DataFrame(self._store.orphans_of(lost, hidden=True)).select(ORPHANS.names),
        )
        return keep_answers(answers, old, lost, self._store.spans_since(analysed, near))

    def _judge_others(self, owners: pa.Table, facts: pl.DataFrame, analysed: int) -> None:
        """Judge stored roots of traces that this pass does not replace anew, where what their
        verdicts rest on changed; all, where it is not known what that was. A part at a time:
        there may be very many. Stopped halfway, all are judged by the next pass."""
        before, places = self._facts, None
        if before is not None:
            places = self._judge.find_affected(before, facts)
        mine = pl.DataFrame(owners)
        for roots in stored_roots(self._store, places):
            others = roots.join(mine, on=TRACE_IDS.names, how="anti")
            traces, judged = judge_again(self._store, self._judge, others, facts)
            if traces.num_rows:
                self._store.replace_orphans(traces, arrow(judged, ORPHANS), analysed)

    def _count_pass(self, seconds: float) -> None:
        self.passes += 1
        self.pass_seconds += seconds
        self.last_pass_seconds = seconds

    def _run(self) -> None:
        while not self._stopping:
            begun = time.monotonic()
            try:
                busy = self.run_once()
            except StoreError as error:
                log.error("Analysis waits for the store: %s", error)
                busy = False
            except BaseException:  # a panic of Polars is no Exception; the next spans may do
                log.exception("A pass of the analysis failed; it is tried again")
                busy = False
            if busy:
                self._count_pass(time.monotonic() - begun)
            else:
                self._wake.wait(_IDLE_SECONDS)
                self._wake.clear()


def _trace_ids(frame: pl.DataFrame) -> pa.Table:
    return _arrow_ids(frame.unique())


def _arrow_ids(frame: pl.DataFrame) -> pa.Table:
    return arrow(frame, TRACE_IDS)
