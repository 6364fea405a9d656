"""What a pass of the analysis reads: whose answers have to be worked out again, and from what.

Cost follows the new data. An answer depends on the spans that share a key with its own
trace (candidates and rivals), and on what explains those: two steps. So the answers of
all traces within two steps of a new span are computed again, from everything within two
further steps (docs/adr/0003), by whoever owns each trace (docs/adr/0028).
"""

import polars as pl
import pyarrow as pa

from analyzer.analysis import Answers, analyse
from analyzer.hot_keys import Hot
from analyzer.losses import keep_answers
from storage.contract import SpanStore
from storage.memory_frames import arrow
from storage.partition import Partition
from storage.partition_progress import Progress, select_own, since_when
from storage.schema import CONNECTIONS, ENDPOINTS, ORPHANS, TRACE_IDS
from tracestitch.root_sends import add_requests

STEPS = 2
# A value in more traces than this names no single unit of work.
HOT_KEY_LIMIT = 1_000

_NO_ANSWERS = Answers(
    ENDPOINTS.empty_table(), CONNECTIONS.empty_table(), pl.DataFrame(ORPHANS.empty_table())
)


def reach(store: SpanStore, traces: pa.Table, *steps: int) -> list[pa.Table]:
    """The traces and what lies within each of these numbers of steps, in their order."""
    found = last = pl.DataFrame(traces).unique()
    reached = [found]
    for _ in range(max(steps)):
        if not last.is_empty():
            near = pl.DataFrame(store.related_traces(arrow_ids(last), HOT_KEY_LIMIT))
            last = near.join(found, on=TRACE_IDS.names, how="anti")
            found = pl.concat([found, last])
        reached.append(found)
    return [arrow_ids(reached[step]) for step in steps]


class Neighbourhoods:
    """Of the traces of one partition. Only reads."""

    def __init__(self, store: SpanStore, partition: Partition) -> None:
        self._store, self._partition = store, partition

    def find(self, new: pa.Table, analysed: int, upto: int) -> tuple[pa.Table, pa.Table, Hot]:
        """Whose answers are computed, from which traces, and the hot keys of these. Answers
        that rest on a key that became hot are computed too."""
        near, owners, around = self._reach(new)
        hot = self._store.hot_keys(near, HOT_KEY_LIMIT)
        heated = TRACE_IDS.empty_table()
        if hot.num_rows:
            heated = self._store.heated_traces(hot, HOT_KEY_LIMIT, analysed, upto)
        if heated.num_rows:
            _, owners, around = self._reach(join_ids(new, heated))
        if heated.num_rows or near is not around:
            return owners, around, self.find_hot(around)
        return owners, around, _hot(hot)

    def _reach(self, seeds: pa.Table) -> tuple[pa.Table, pa.Table, pa.Table]:
        """What lies around the seeds, which of it has to be answered here, and from what."""
        if self._partition.is_whole:
            owners, around = reach(self._store, seeds, STEPS, 2 * STEPS)
            return around, owners, around
        (near,) = reach(self._store, seeds, STEPS)
        owners = self.select(near)
        return near, owners, self.surround(owners)

    def select(self, traces: pa.Table) -> pa.Table:
        """Those that are its own."""
        return arrow_ids(select_own(self._partition, pl.DataFrame(traces)))

    def surround(self, owners: pa.Table) -> pa.Table:
        """All that answers about these depend on."""
        return reach(self._store, owners, STEPS)[0]

    def find_hot(self, traces: pa.Table) -> Hot:
        return _hot(self._store.hot_keys(traces, HOT_KEY_LIMIT))

    def answer(
        self, owners: pa.Table, around: pa.Table, hot: Hot, suspects: pl.DataFrame
    ) -> Answers:
        """The answers of the owners, given what is around them and the requests beside their
        root sends."""
        if not owners.num_rows:
            return _NO_ANSWERS
        batch = self._store.analysis_input(around)
        batch = add_requests(self._store, batch, around, owners)
        return analyse(batch, owners, hot, suspects)

    def keep(self, answers: Answers, owners: pa.Table, progress: Progress) -> Answers:
        """The answers, with what traces had that have lost something since."""
        if not owners.num_rows:
            return answers
        all_lost = pl.DataFrame(self._store.losses_of(owners))
        if all_lost.is_empty():
            return answers
        for rows, known in since_when(all_lost, progress.analysed, progress.earlier):
            answers = self._keep(answers, arrow_ids(rows), known)
        return answers

    def _keep(self, answers: Answers, lost: pa.Table, known: int) -> Answers:
        """Of traces that lost something after they were answered up to a generation."""
        connections = pl.DataFrame(answers.connections)
        far = connections.select(pl.col(f"producer_{n}").alias(n) for n in TRACE_IDS.names)
        near = join_ids(lost, arrow_ids(far))
        old = Answers(
            endpoints=self._store.endpoints_of(lost),
            connections=self._store.connections_of(lost, "consumer"),
            orphans=pl.DataFrame(self._store.orphans_of(lost, hidden=True)).select(ORPHANS.names),
        )
        return keep_answers(answers, old, lost, self._store.spans_since(known, near))


def join_ids(*traces: pa.Table) -> pa.Table:
    """Each once."""
    return arrow_ids(pl.concat(pl.DataFrame(table) for table in traces).unique())


def arrow_ids(frame: pl.DataFrame) -> pa.Table:
    return arrow(frame, TRACE_IDS)


def _hot(keys: pa.Table) -> Hot:
    return frozenset(pl.DataFrame(keys)["key_hash"])
