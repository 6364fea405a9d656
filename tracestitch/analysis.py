"""The loop that feeds the analyzer: fetch what is new and what shares its keys, call the
analyzer, replace the answers (tracestitch/neighbourhoods.py says which).

Several loops may share a store, each with a partition of the traces (docs/adr/0028).
"""

import logging
import threading
import time

import polars as pl
import pyarrow as pa

from analyzer.judging import Judge
from analyzer.lost_sends import PLACE, find_suspects
from analyzer.version import RULES_VERSION
from storage.cheap_rows import stack
from storage.contract import SpanStore, StoreError
from storage.memory_frames import arrow
from storage.partition import WHOLE, Partition
from storage.partition_progress import Progress, select_own
from storage.schema import ORPHANS, TRACE_IDS
from tracestitch.complaint import Complaint
from tracestitch.judged_roots import judge_again, stored_roots
from tracestitch.neighbourhoods import Neighbourhoods, arrow_ids, join_ids
from tracestitch.root_sends import earlier_sends, find_disturbed, find_new_suspects
from tracestitch.shared_facts import SharedFacts

PASS_SPANS = 50_000
"""New ones of a pass, a partition."""
_IDLE_SECONDS = 1.0

log = logging.getLogger(__name__)


class _BrokenOff(Exception):
    """A pass ends early since the loop is being stopped; the next one does it again."""


class AnalysisLoop:
    """Keeps the answers of one store up to date, or those of a partition of it, on a thread of
    its own."""

    def __init__(self, store: SpanStore, partition: Partition = WHOLE) -> None:
        self._store, self._partition = store, partition
        self._near = Neighbourhoods(store, partition)
        self._surroundings = SharedFacts(store)
        self._facts: pl.DataFrame | None = None
        self._judge = Judge()
        self._rules_known = False
        self._claim = 0
        self._complaint = Complaint(log, "Analysis waits for the store")
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

    def forget_starts(self) -> None:
        """Spans were deleted; in a `turn`."""
        self._surroundings.forget_starts()

    def wake(self) -> None:
        """There are new spans."""
        self._wake.set()

    def stop(self) -> None:
        """Break off the pass that runs, start no other."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def run_once(self) -> bool:
        """One pass; False when there was nothing to do. Raises StoreError."""
        with self.turn:
            try:
                return self._run_once()
            except BaseException as error:
                # What was counted may be half of what is stored now.
                self.forget_surroundings()
                if isinstance(error, _BrokenOff):
                    return False
                raise

    def leads(self) -> bool:
        """Whether this process does what one has to do for all; another one may have the
        store open. By what the last pass was told: were the store asked again beside a pass,
        it would take what that has worked out before all was forgotten. Raises StoreError."""
        if not self._partition.leads or self._claim:
            return self._partition.leads
        with self.turn:
            return self._store.claim_analysis(self._partition) > 0

    def _run_once(self) -> bool:
        claim = self._store.claim_analysis(self._partition)
        if claim != self._claim:  # another process may have answered meanwhile
            self.forget_surroundings()
            self._rules_known = False
            self._claim = claim
        if not claim or not self._follow_rules():
            return False
        progress = self._store.progress(self._partition)
        told = self._surroundings.follow(progress.others)
        if progress.newest == progress.analysed and self._facts is not None and not told:
            self._note_judged(progress)
            return False
        self._answer_new(progress, told=told)
        return told or progress.newest != progress.analysed

    def _answer_new(self, progress: Progress, *, told: bool) -> None:
        """Answer what is new; where it was `told` that others answered, judge by that."""
        analysed, limit = progress.analysed, PASS_SPANS * self._partition.of
        new, generation = self._store.traces_since(analysed, limit)
        known = self._surroundings.told() if told or self._facts is None else self._facts
        disturbed = find_disturbed(self._store, known, analysed, generation, new)
        owners, around, hot = self._near.find(join_ids(new, disturbed), analysed, generation)
        suspects = find_suspects(known)
        self._go_on()
        answers = self._near.answer(owners, around, hot, suspects)
        added = find_new_suspects(known, suspects, answers.endpoints)
        every = stack([suspects, added])
        self._answer_earlier(owners, every, added, progress)
        if not added.is_empty():
            answers = self._near.answer(owners, around, hot, every)
        answers = self._near.keep(answers, owners, progress)
        self._go_on()
        before = self._surroundings.read(owners)
        if owners.num_rows:
            self._store.replace_connections(
                owners, answers.endpoints, answers.connections, self._partition
            )
        facts = self._surroundings.replace(before, answers.endpoints)
        if self._facts is not None and facts.equals(self._facts):
            facts = self._facts  # judging knows it already
        else:
            self._judge_others(owners, facts, analysed)
        judged = self._judge.judge(answers.orphans, facts)
        if owners.num_rows or generation != analysed:
            self._replace_orphans(owners, judged, generation)
        self._facts = facts

    def _answer_earlier(
        self, owners: pa.Table, suspects: pl.DataFrame, added: pl.DataFrame, progress: Progress
    ) -> None:
        """Answer the traces of earlier root sends of places that became suspect: those that are
        `added` with this pass, of which is told only now, so that a pass that fails later
        begins with this; and those that others' answers made suspect, which are noted."""
        known = progress.places
        places = frozenset(suspects[PLACE].rows())
        fresh = added
        if known is not None:
            # Noted first where it is suspect no more: it may become so again.
            if not known <= places:
                self._store.note_judged(self._partition, progress.judged, known & places)
            new = [place not in known for place in suspects[PLACE].iter_rows()]
            fresh = suspects.filter(pl.Series(new, dtype=pl.Boolean))
        mine, facts = pl.DataFrame(owners), self._surroundings.told()
        for traces in earlier_sends(self._store, fresh):
            own = pl.DataFrame(self._near.select(traces))
            others = own.join(mine, on=TRACE_IDS.names, how="anti")
            if not others.is_empty():
                self._go_on()
                theirs = arrow_ids(others)
                around = self._near.surround(theirs)
                hot = self._near.find_hot(around)
                answers = self._near.answer(theirs, around, hot, suspects)
                answers = self._near.keep(answers, theirs, progress)
                judged = self._judge.judge(answers.orphans, facts)
                self._replace_orphans(theirs, judged, progress.analysed)
        if known is not None and places != known:
            self._store.note_judged(self._partition, progress.judged, places)

    def _replace_orphans(self, owners: pa.Table, judged: pl.DataFrame, generation: int) -> None:
        self._store.replace_orphans(owners, arrow(judged, ORPHANS), generation, self._partition)

    def _note_judged(self, progress: Progress) -> None:
        """Others have answered nothing since this one judged by it."""
        if self._partition.is_whole or progress.judged >= progress.least:
            return
        if not self._surroundings.is_behind(progress.others):
            places = progress.places or frozenset()
            self._store.note_judged(self._partition, progress.least, places)

    def _follow_rules(self) -> bool:
        """Answers of other rules are no answers: all are worked out anew. False where another
        process has to see to that."""
        if self._rules_known:
            return True
        if self._store.answering_rules() != RULES_VERSION:
            if not self._partition.leads:
                return False
            if self._store.generations()[1]:
                log.warning("The answers were made by other rules and are worked out again")
            self._store.forget_answers(RULES_VERSION)
            self._claim = self._store.claim_analysis(self._partition)
        self._rules_known = True
        return True

    def _judge_others(self, owners: pa.Table, facts: pl.DataFrame, analysed: int) -> None:
        """Judge stored roots of traces that this pass does not replace anew, where what their
        verdicts rest on changed; all, where it is not known what that was. A part at a time:
        there may be very many. Stopped halfway, all are judged by the next pass."""
        before, places = self._facts, None
        if before is not None:
            places = self._judge.find_affected(before, facts)
        mine = pl.DataFrame(owners)
        for roots in stored_roots(self._store, places):
            self._go_on()
            own = select_own(self._partition, roots)
            others = own.join(mine, on=TRACE_IDS.names, how="anti")
            traces, judged = judge_again(self._store, self._judge, others, facts)
            if traces.num_rows:
                self._replace_orphans(traces, judged, analysed)

    def _go_on(self) -> None:
        if self._stopping:
            raise _BrokenOff

    def _count_pass(self, seconds: float) -> None:
        self.passes += 1
        self.pass_seconds += seconds
        self.last_pass_seconds = seconds

    def _run(self) -> None:
        while not self._stopping:
            begun = time.monotonic()
            try:
                busy = self.run_once()
                self._complaint.end()
            except StoreError as error:
                self._complaint.say(error)
                busy = False
            except BaseException:  # a panic of Polars is no Exception; the next spans may do
                log.exception("A pass of the analysis failed; it is tried again")
                busy = False
            if busy:
                self._count_pass(time.monotonic() - begun)
            else:
                self._wake.wait(_IDLE_SECONDS)
                self._wake.clear()
