"""Where the ids of a message are read: on the end point, else near it.

A message's id stands on the span of either end, on a link (batch receives, Lambda), on
an event, on a `receive` span above or on the application's own span below.
"""

from functools import cached_property

import numpy as np
import polars as pl

from analyzer.ends import Ends
from analyzer.frame import PART, Frame
from analyzer.names import mark_messages, name_shapes, read_messages
from analyzer.roles import SERVER
from analyzer.rules.conversation_id import CONVERSATION
from analyzer.rules.record_key import RECORD_KEY
from analyzer.rules.workflow_id import WORKFLOW
from analyzer.span_ids import no_rows
from analyzer.structure import nearest, nearest_above
from analyzer.tables import Tables
from storage.cheap_rows import is_among, stack, where, with_series

IDS = pl.Schema(
    {
        "row": pl.UInt32,
        "message_id": pl.String,
        "event_id": pl.String,
        "sequence_number": pl.String,
        "kafka_topic": pl.String,
        "kafka_partition": pl.Int64,
        "kafka_offset": pl.Int64,
        "kafka_cluster": pl.String,
    }
)
"""What is told of one message: `row` of the end point, and its ids."""
NO_IDS = pl.DataFrame(schema=IDS)
# One of them is said wherever anything is.
_SAID = ["message_id", "event_id", "sequence_number", "kafka_offset"]
# A text of one of these means the same in another of them.
_ONE_MEANING = (["message_id", "event_id"], ["sequence_number"])
# Keys of the one message whose span names them.
OWN_KEYS = [RECORD_KEY, CONVERSATION]
# Those and what many units of work share: they do not name one unit of work.
OTHER_KEYS = [*OWN_KEYS, WORKFLOW]


class MessageIds:
    """The ids that the messages of a batch are known by. Most are of nobody who is asked
    about: they are read where a rule asks for them."""

    def __init__(self, tables: Tables, ends: Ends, asked: pl.DataFrame) -> None:
        """Of the deliveries only those in `asked` will be told."""
        self._tables, self._ends, self._asked = tables, ends, asked

    def of_sends_like(self, ids: pl.DataFrame) -> pl.DataFrame:
        """IDS rows, a message each, of sends that share an id with one of these; there may be
        others among them."""
        return self._sent(_may_be_among(self._on_sends, ids))

    def of_sends(self, rows: pl.Series) -> pl.DataFrame:
        """IDS rows, a message each, of these sends."""
        asked = self._ends.frame.flag(rows)
        return self._sent(asked[self._ends.producers(self._on_sends["row"])])

    @cached_property
    def of_deliveries(self) -> pl.DataFrame:
        """IDS rows, a message each, of the deliveries that are asked about."""
        ends, frame = self._ends, self._ends.frame
        asked = frame.flag(self._asked["row"])
        owner = deliveries_below(ends)
        own = self._owned(owner, asked)
        beside = self._owned(deliveries_beside(ends, owner), asked)
        own = stack([own, where(beside, ~frame.flag(own["row"])[beside["row"]])])
        above = self._above(asked & ~frame.flag(own["row"]))
        return _once(stack([self._after_calls(), own, above]))

    @cached_property
    def of_parts(self) -> pl.DataFrame:
        """What links and events say: `part`, and IDS rows of their spans. Nothing of links that
        are resolved already."""
        return _read_parts(self._tables, self._ends)

    @cached_property
    def _told(self) -> pl.DataFrame:
        """IDS rows of spans: what each says, on its links and events, too. Of some nothing:
        to leave them out takes longer than to look past them."""
        messages = self._ends.frame.messages
        clusters = self._ends.frame.tell(messages["row"], "kafka_cluster")
        return stack([messages.hstack(clusters)[list(IDS)], self.of_parts[list(IDS)]])

    @cached_property
    def _says(self) -> pl.Series:
        """Boolean by row of `_told`: it names the message."""
        return _says_an_id(self._told)

    @cached_property
    def _on_sends(self) -> pl.DataFrame:
        return where(self._told, self._says & self._ends.sending[self._told["row"]])

    def _sent(self, asked: pl.Series) -> pl.DataFrame:
        """Of what stands on sends what is `asked` for, `row` being the producer."""
        sent = where(self._on_sends, asked)
        return _once(with_series(sent, row=self._ends.producers(sent["row"])))

    def _owned(self, owner: pl.Series, asked: pl.Series) -> pl.DataFrame:
        """What stands on rows that have an `owner` (by row), of those owners that are `asked`
        for (by row)."""
        if owner.null_count() == len(owner):  # mostly nothing stands beside
            return NO_IDS
        owners = owner[self._told["row"]]
        mine = self._says & asked[owners]
        return with_series(where(self._told, mine), row=owners.filter(mine))

    def _above(self, asked: pl.Series) -> pl.DataFrame:
        """What a receive span says, of the one delivery below it where that is `asked` for (by
        row)."""
        ends, frame = self._ends, self._ends.frame
        receives = frame.is_role("receive")
        if receives.any():
            receives &= frame.flag(self._told["row"].filter(self._says))
        if not receives.any():
            return NO_IDS
        said = where(self._told, self._says)
        below = ends.deliveries["row"]
        only = (
            pl.DataFrame({"owner": below, "row": nearest_above(frame.rows, receives)[below]})
            .drop_nulls()
            .filter(pl.len().over("row") == 1)
        )
        told = where(only, asked[only["owner"]]).join(said, on="row")
        return with_series(told, row=told["owner"])[list(IDS)]

    def _after_calls(self) -> pl.DataFrame:
        """What works after receive spans know from these."""
        bodies = self._asked["part"] == "body"
        if not bodies.any():
            return NO_IDS
        told = where(self._asked, bodies)
        nothing = pl.Series("sequence_number", [None], pl.String).new_from_index(0, told.height)
        told = with_series(told, nothing)[list(IDS)]
        return where(told, _says_an_id(told))


def _read_parts(tables: Tables, ends: Ends) -> pl.DataFrame:
    typed = tables.parts
    if not typed.is_empty():
        typed = where(typed, _says_an_id(typed))
    if typed.is_empty():
        return pl.DataFrame(schema={"part": pl.String, **IDS})
    done = (
        ends.links.filter(pl.col("target").is_not_null())
        .select("row", "position", part=pl.lit("link"))
        .unique()
    )
    rows = ends.frame.rows.select(*PART, "row").filter(
        pl.col("span_id").is_in(typed["span_id"].unique().implode())
    )
    span = rows.hstack(
        ends.frame.tell(
            rows["row"],
            *("name", "scope_name"),
            span_system="system",
            span_destination="destination",
        )
    )
    parts = (
        typed.join(span, on=PART, how="inner")
        .join(done, on=["row", "part", "position"], how="anti")
        .join(tables.shapes, on="shape_id", how="left")
        .with_columns(
            pl.coalesce("system", "span_system").alias("system"),
            pl.coalesce("destination_name", "span_destination").alias("destination_name"),
            marked=pl.lit(value=False),
        )
    )
    return read_messages(name_shapes(mark_messages(parts))).select("part", *IDS)


def _says_an_id(told: pl.DataFrame) -> pl.Series:
    """Boolean by row."""
    says = pl.Series([False]).new_from_index(0, told.height)
    for name in _SAID:
        if _says_any(told[name]):
            says |= told[name].is_not_null()
    return says


def _may_be_among(told: pl.DataFrame, ids: pl.DataFrame) -> pl.Series:
    """Boolean by row of `told`: an id that it says stands in `ids`, too. Texts are compared by
    their hashes, which a few others may share."""
    found = pl.Series([False]).new_from_index(0, told.height)
    for names in _ONE_MEANING:
        known = pl.Series(dtype=pl.UInt64)
        for name in names:
            if _says_any(ids[name]):
                known.append(_drop_nulls(ids[name]).hash())
        for name in names:
            if not known.is_empty() and _says_any(told[name]):
                found |= is_among(told[name].hash(), known)
    if _says_any(ids["kafka_offset"]) and _says_any(told["kafka_offset"]):
        found |= is_among(told["kafka_offset"], ids["kafka_offset"])
    return found


def _drop_nulls(column: pl.Series) -> pl.Series:
    return column.drop_nulls() if column.null_count() else column


def _says_any(column: pl.Series) -> bool:
    return column.null_count() < len(column)


def _once(ids: pl.DataFrame) -> pl.DataFrame:
    """The same without repetitions: most end points have ids in one place."""
    rows = ids["row"].to_numpy()
    several = pl.Series(np.bincount(rows)[rows] > 1, dtype=pl.Boolean)
    if not several.any():
        return ids
    return stack([where(ids, ~several), where(ids, several).unique()])


def deliveries_below(ends: Ends) -> pl.Series:
    """Of each row the delivery whose own work it is: itself or the nearest above,
    not beyond a send (the next hop has ids of its own)."""
    frame = ends.frame
    owner = nearest(frame.rows, ends.delivered | ends.sending)
    return owner.zip_with(ends.delivered[owner], no_rows(frame.rows.height))


def deliveries_beside(ends: Ends, owner: pl.Series) -> pl.Series:
    """Of each row without an `owner`, the only delivery below the same poll or Lambda root.

    JavaScript's eachBatch and Lambda instrumentations end the `process` span without
    ever making it active: the application's spans are its siblings.
    """
    frame = ends.frame
    nothing = no_rows(frame.rows.height)
    tops = ends.deliveries["top"]
    may_be = frame.is_role("receive") | ((frame["kind"] == SERVER) & frame["marked"])
    if not may_be[tops].any():
        return nothing
    only = ends.deliveries.filter(pl.len().over("top") == 1).select("top", only="row")
    only = only.filter(_poll_or_lambda(frame, only["top"]))
    if only.is_empty():
        return nothing
    beside = nothing.scatter(only["top"], only["only"])[frame["top"]]
    free = owner.is_null() & nearest(frame.rows, ends.sending).is_null()
    return pl.select(pl.when(free).then(beside)).to_series()


def _poll_or_lambda(frame: Frame, rows: pl.Series) -> pl.Series:
    told = frame.tell(rows, "kind", "role", "trigger", "invocation_id")
    invoked = (pl.col("kind") == SERVER) & (
        pl.col("trigger").is_not_null() | pl.col("invocation_id").is_not_null()
    )
    return told.select((invoked | (pl.col("role") == "receive")).fill_null(value=False)).to_series()


def names_work(keys: pl.Series) -> pl.Series:
    """Which of these keys name one unit of work."""
    other = pl.Series([False]).new_from_index(0, len(keys))
    for key in OTHER_KEYS:
        other |= keys == key
    return ~other
