"""The reference engine: everything in Polars frames, nothing on disk.

Says in the fewest lines what the contract means; the kit compares the other engines
with it. Frames are never changed: a writer replaces the whole dictionary of them, so
that a reader who took it sees one state.
"""

import threading

import polars as pl
import pyarrow as pa

from storage import memory_deletion, memory_read, memory_rewriting, origins, results
from storage.contract import (
    AppendResult,
    DataRefused,
    Deleted,
    StoredSpans,
    StoreError,
    StoreStatus,
    StoreUsage,
)
from storage.local_partitions import LocalPartitions, PartitionedHere
from storage.memory_answer_reads import MemoryAnswers
from storage.memory_destinations import MemoryDestinations
from storage.memory_frames import (
    DICTIONARIES,
    PART,
    SPAN,
    TRACE,
    Frames,
    arrow,
    distinct,
    first_frames,
    newest_of,
    read,
)
from storage.memory_handovers import MemoryHandovers
from storage.memory_requests import MemoryRequests
from storage.memory_search import MemorySearch
from storage.partition import WHOLE, Partition
from storage.schema import BATCH_SCHEMAS, SpanBatch


class MemoryStore(
    PartitionedHere,
    MemoryAnswers,
    MemoryHandovers,
    MemoryRequests,
    MemorySearch,
    MemoryDestinations,
):
    engine = "memory"
    broken = False

    def __init__(self) -> None:
        self._frames: Frames = first_frames()
        self._generation = 0
        self._partitions = LocalPartitions()
        self._writing = threading.Lock()
        self._closed = False
        self._notes: list[origins.Note] = []
        self._rules = ""

    # ------------------------------------------------------------------ writing

    def append(self, batch: SpanBatch, stored_at_unix_nano: int) -> AppendResult:
        with self._writing:
            frames = self._read()
            given = {name: read(getattr(batch, name)) for name in BATCH_SCHEMAS}
            new = distinct(given["spans"], PART).join(frames["spans"], on=PART, how="anti")
            free = distinct(new, SPAN).join(frames["spans"], on=SPAN, how="anti")
            duplicates = given["spans"].height - new.height
            if new.is_empty():
                return AppendResult(self._generation, 0, duplicates, 0)
            added = {
                name: given[name].unique().join(new, on=PART, how="semi")
                for name in ("links", "events", "messaging")
            }
            generation = pl.lit(self._generation + 1, pl.UInt64).alias("generation")
            keys = given["keys"].unique().join(new, on=TRACE, how="semi")
            added["keys"] = keys.with_columns(generation)
            added["spans"] = new.with_columns(
                generation, stored_at_unix_nano=pl.lit(stored_at_unix_nano, pl.Int64)
            )
            for name, key in DICTIONARIES.items():
                rows = distinct(given[name], key)
                added[name] = rows.join(frames[name], on=key, how="anti")
            try:
                whole = {n: pl.concat([frames[n], rows]) for n, rows in added.items()}
            except pl.exceptions.PolarsError as error:
                raise DataRefused(
                    f"The batch has other columns than the schema: {error}"
                ) from error
            self._frames = frames | whole
            self._generation += 1
        return AppendResult(self._generation, new.height, duplicates, new.height - free.height)

    def replace_connections(
        self,
        traces: pa.Table,
        endpoints: pa.Table,
        connections: pa.Table,
        partition: Partition = WHOLE,
    ) -> None:
        owners = [f"consumer_{name}" for name in TRACE]
        with self._writing:
            self._replace("endpoints", TRACE, traces, read(endpoints))
            self._replace("connections", owners, traces, read(connections))
            self._partitions.note_answered(partition)

    def replace_orphans(
        self,
        traces: pa.Table,
        orphans: pa.Table,
        generation: int,
        partition: Partition = WHOLE,
    ) -> None:
        with self._writing:
            first = memory_read.first_stored(self._read()["spans"])
            dated = read(orphans).join(first, on=SPAN, how="left", maintain_order="left")
            dated = dated.with_columns(pl.col("stored_at_unix_nano").fill_null(0))
            self._replace("orphans", TRACE, traces, dated)
            self._partitions.note_analysed(partition, generation)

    def _replace(self, name: str, owners: list[str], traces: pa.Table, rows: pl.DataFrame) -> None:
        kept = self._read()[name].join(read(traces), left_on=owners, right_on=TRACE, how="anti")
        self._frames = self._frames | {name: pl.concat([kept, rows])}

    def forget_answers(self, rules: str = "") -> None:
        with self._writing:
            self._rules = rules
            answers = ("endpoints", "connections", "orphans", "past_facts")
            self._frames = self._read() | {name: first_frames()[name] for name in answers}
            self._partitions.note_forgotten()

    # ----------------------------------------------------------------- deleting

    def oldest_generations(self, spans: int) -> pa.Table:
        return memory_deletion.oldest_generations(self._read()["spans"], spans)

    def count_spans(self) -> int:
        return self._read()["spans"].height

    def traces_until(self, generation: int) -> pa.Table:
        return memory_deletion.traces_until(self._read()["spans"], generation)

    def delete_until(self, generation: int, touched: pa.Table) -> Deleted:
        with self._writing:
            before = self._read()
            self._frames, expired = memory_deletion.delete(
                before, generation, self._generation, read(touched)
            )
            self._partitions.note_deleted()
            return Deleted(before["spans"].height - self._frames["spans"].height, expired)

    def reclaim(self) -> bool:
        self._read()
        return True

    def losses_of(self, traces: pa.Table) -> pa.Table:
        return memory_deletion.losses_of(self._read()["losses"], read(traces))

    def past_facts(self) -> pa.Table:
        return arrow(self._read()["past_facts"], results.PAST_FACTS)

    def spans_since(self, generation: int, traces: pa.Table) -> pa.Table:
        return memory_deletion.spans_since(self._read()["spans"], generation, read(traces))

    # ----------------------------------------------------------------- origins

    def note_settings(self, name: str) -> None:
        with self._writing:
            self._notes = origins.add_note(self._notes, name, self._generation, self._oldest())

    def settings_of_spans(self) -> list[str]:
        with self._writing:
            return origins.name_settings(self._notes, self._generation, self._oldest())

    def settings_in_force(self) -> str:
        with self._writing:
            return origins.newest_name(self._notes)

    def answering_rules(self) -> str:
        self._read()
        return self._rules

    def _oldest(self) -> int | None:
        oldest: int | None = self._read()["spans"].select(pl.min("generation")).item()
        return oldest

    # ------------------------------------------------------------ writing anew

    def stored_spans(self, after: int, limit: int) -> StoredSpans:
        return memory_rewriting.stored_spans(self._read(), after, limit)

    def restore(self, spans: StoredSpans) -> None:
        with self._writing:
            self._frames = memory_rewriting.restore(self._read(), spans)
            self._generation = newest_of(self._frames["spans"])

    def losses(self) -> pa.Table:
        return arrow(self._read()["losses"], results.LOSSES)

    def restore_losses(self, losses: pa.Table) -> None:
        with self._writing:
            noted = pl.concat([self._read()["losses"], read(losses)])
            self._frames = self._frames | {"losses": noted}

    # -------------------------------------------------------------------- state

    def status(self) -> StoreStatus:
        with self._writing:
            spans, generation = self._read()["spans"], self._generation
            analysed = self._partitions.settled
        return StoreStatus(
            engine=self.engine,
            spans=spans.height,
            traces=distinct(spans, TRACE).height,
            pending_spans=spans.filter(pl.col("generation") > analysed).height,
            generation=generation,
            analysed_generation=analysed,
            oldest_unix_nano=spans.select(pl.min("start_time_unix_nano")).item(),
            newest_unix_nano=spans.select(pl.max("end_time_unix_nano")).item(),
            partitions=self._partitions.status,
        )

    def usage(self) -> StoreUsage:
        return StoreUsage(0, 0, 0, 0, 0.0)

    def generations(self) -> tuple[int, int]:
        with self._writing:
            return self._generation, self._partitions.settled

    def check(self) -> None:
        self._read()

    def close(self) -> None:
        with self._writing:
            self._closed = True

    def _check_open(self) -> None:
        self._read()

    def _newest(self) -> int:
        return self.generations()[0]

    def _read(self) -> Frames:
        if self._closed:
            raise StoreError("The store is closed.")
        return self._frames

    # ------------------------------------------------------------- for analysis

    def traces_since(self, generation: int, limit: int) -> tuple[pa.Table, int]:
        with self._writing:
            frames, newest = self._read(), max(generation, self._generation)
        return memory_read.traces_since(frames, generation, limit, newest)

    def related_traces(self, traces: pa.Table, hot_key_limit: int) -> pa.Table:
        return memory_read.related_traces(self._read(), read(traces), hot_key_limit)

    def hot_keys(self, traces: pa.Table, hot_key_limit: int) -> pa.Table:
        return memory_read.hot_keys(self._read()["keys"], read(traces), hot_key_limit)

    def heated_traces(self, hot: pa.Table, hot_key_limit: int, after: int, upto: int) -> pa.Table:
        keys = self._read()["keys"].filter(pl.col("generation") <= upto)
        return memory_read.heated_traces(keys, read(hot), hot_key_limit, after)

    def analysis_input(self, traces: pa.Table) -> SpanBatch:
        return memory_read.spans_of(self._read(), read(traces), bare=True)

    # ------------------------------------------------------------------ reading

    def spans_of(self, traces: pa.Table, *, keys: bool = True) -> SpanBatch:
        return memory_read.spans_of(self._read(), read(traces), bare=False, keys=keys)

    def spans_with_correlation(self, key: str, value: str) -> pa.Table:
        return memory_read.spans_with_correlation(self._read(), key, value)

    def traces_with_correlation(self, key: str, value: str) -> pa.Table:
        return memory_read.traces_with_correlation(self._read(), key, value)

    def traces_of_span(self, span_id: int) -> pa.Table:
        return memory_read.traces_of_span(self._read(), span_id)

    def correlation_of(self, traces: pa.Table) -> pa.Table:
        return memory_read.correlation_of(self._read(), read(traces))

    def recent_correlation(self, key: str, limit: int) -> list[str]:
        return memory_read.recent_correlation(self._read(), key, limit)

    def correlation_keys(self) -> list[str]:
        return self._read()["correlation"]["key"].unique().sort().to_list()

    def services(self) -> list[str]:
        return self._read()["resources"]["service_name"].drop_nulls().unique().sort().to_list()
