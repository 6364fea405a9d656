"""The tables of a batch as Polars frames, each read once, however many rules look at it."""

from collections.abc import Sequence
from copy import copy
from functools import cache, cached_property

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from storage.cheap_rows import where, with_series
from storage.schema import SHAPE_COLUMNS, SpanBatch

_UNREAD = [
    "attributes",
    "status_message",
    "dropped_events_count",
]
_SHORT = {"start_time_unix_nano": "start", "end_time_unix_nano": "end"}
_UNREAD_OF_MESSAGES = [
    *("alternatives", "conversation_id", "message_group", "deduplication_id", "death_header"),
    *("body_size", "envelope_size", "aws_request_id", "server_port"),
]


class Tables:
    """What rules read of a batch beside its frame."""

    def __init__(self, batch: SpanBatch) -> None:
        self._batch = batch

    @cached_property
    def spans(self) -> pl.DataFrame:
        """With `start` and `end` for their long names."""
        spans = _read(self._batch.spans, _UNREAD)
        spans.columns = [_SHORT.get(name, name) for name in spans.columns]
        return spans

    @cached_property
    def messaging(self) -> pl.DataFrame:
        if not self._on_spans.all():
            return _read(self._batch.messaging, _UNREAD_OF_MESSAGES)
        told = _read(self._batch.messaging, [*_UNREAD_OF_MESSAGES, "part"])
        return with_series(told, part=pl.Series(["span"]).new_from_index(0, told.height))

    @property
    def messages(self) -> pl.DataFrame:
        """Of `messaging` what stands on spans."""
        return self._split[0]

    @property
    def parts(self) -> pl.DataFrame:
        """Of `messaging` what stands on links and events: few do."""
        return self._split[1]

    @cached_property
    def _split(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        if self._on_spans.all():
            return self.messaging, self.messaging.clear()
        return where(self.messaging, self._on_spans), where(self.messaging, ~self._on_spans)

    @cached_property
    def _on_spans(self) -> pl.Series:
        """Boolean by row of `messaging`."""
        return pl.Series(pc.equal(self._batch.messaging["part"], pa.scalar("span")))

    @cached_property
    def links(self) -> pl.DataFrame:
        return _read(self._batch.links, ["attributes", "dropped_attributes_count"])

    @cached_property
    def correlation(self) -> pl.DataFrame:
        """Each set once."""
        sets = _read(self._batch.correlation)
        # Rows of which all hashes differ differ.
        return sets if sets.hash_rows().n_unique() == sets.height else sets.unique()

    @cached_property
    def resources(self) -> pl.DataFrame:
        """Each once, without attributes."""
        return _one_each(_read(self._batch.resources, ["attributes", "entity_refs"]), "resource_id")

    @cached_property
    def scopes(self) -> pl.DataFrame:
        """Each once, without attributes."""
        return _one_each(_read(self._batch.scopes, ["attributes"]), "scope_id")

    @cached_property
    def shapes(self) -> pl.DataFrame:
        return _one_each(_read(self._batch.shapes), "shape_id")[["shape_id", *SHAPE_COLUMNS]]

    def with_sets(self, correlation: pl.DataFrame) -> "Tables":
        """The same with these correlation sets."""
        other = copy(self)
        other.correlation = correlation
        return other


def _one_each(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """Rows of the same key are the same."""
    return rows if rows[key].n_unique() == rows.height else rows.unique(key)


def _read(table: pa.Table, unread: Sequence[str] = ()) -> pl.DataFrame:
    """Columns that say nothing are not read value by value: many do, of many rows."""
    table = table.drop_columns(list(unread))
    names = [
        name
        for name, column in zip(table.column_names, table.columns, strict=True)
        if column.null_count == table.num_rows > 0
    ]
    frame = pl.from_arrow(table.drop_columns(names))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table never is a series
    silent = {
        name: _null(table.schema.field(name).type).new_from_index(0, table.num_rows)
        for name in names
    }
    return pl.DataFrame(
        [silent[name].alias(name) if name in silent else frame[name] for name in table.column_names]
    )


@cache
def _null(type_: pa.DataType) -> pl.Series:
    """One null of this type."""
    return pl.Series(pa.array([None], type_))
