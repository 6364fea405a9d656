"""The tables of a batch as Polars frames, each read once, however many rules look at it."""

from collections.abc import Sequence
from copy import copy
from functools import cached_property

import polars as pl
import pyarrow as pa

from storage.schema import SHAPE_COLUMNS, SpanBatch

_UNREAD = [
    "attributes",
    "status_message",
    "dropped_events_count",
]
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
        return _read(self._batch.spans, _UNREAD)

    @cached_property
    def messaging(self) -> pl.DataFrame:
        return _read(self._batch.messaging, _UNREAD_OF_MESSAGES)

    @cached_property
    def messages(self) -> pl.DataFrame:
        """Of `messaging` what stands on spans."""
        return self.messaging.filter(self._on_spans)

    @cached_property
    def parts(self) -> pl.DataFrame:
        """Of `messaging` what stands on links and events: few do."""
        return self.messaging.filter(~self._on_spans)

    @cached_property
    def _on_spans(self) -> pl.Series:
        return self.messaging["part"] == "span"

    @cached_property
    def links(self) -> pl.DataFrame:
        return _read(self._batch.links, ["attributes", "dropped_attributes_count"])

    @cached_property
    def correlation(self) -> pl.DataFrame:
        """Each set once."""
        return _read(self._batch.correlation).unique()

    @cached_property
    def resources(self) -> pl.DataFrame:
        """Each once, without attributes."""
        return _read(self._batch.resources, ["attributes", "entity_refs"]).unique("resource_id")

    @cached_property
    def scopes(self) -> pl.DataFrame:
        return _read(self._batch.scopes, ["attributes"])

    @cached_property
    def shapes(self) -> pl.DataFrame:
        return _read(self._batch.shapes).unique("shape_id").select("shape_id", *SHAPE_COLUMNS)

    def with_sets(self, correlation: pl.DataFrame) -> "Tables":
        """The same with these correlation sets."""
        other = copy(self)
        other.correlation = correlation
        return other


def _read(table: pa.Table, unread: Sequence[str] = ()) -> pl.DataFrame:
    frame = pl.from_arrow(table.drop_columns(list(unread)))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table never is a series
    return frame
