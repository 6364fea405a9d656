"""Where the ids of a message are read: on the end point, else near it.

A message's id stands on the span of either end, on a link (batch receives, Lambda), on
an event, on a `receive` span above or on the application's own span below.
"""

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
_IDS = [name for name in IDS if name != "row"]
# Keys of the one message whose span names them.
OWN_KEYS = [RECORD_KEY, CONVERSATION]
# Those and what many units of work share: they do not name one unit of work.
OTHER_KEYS = [*OWN_KEYS, WORKFLOW]


def read_part_ids(tables: Tables, ends: Ends) -> pl.DataFrame:
    """Ids on links and events (part, row, …), except on links that are resolved
    already."""
    typed = tables.parts.filter(_says_an_id())
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


def _says_an_id() -> pl.Expr:
    return pl.any_horizontal(
        pl.col(c).is_not_null()
        for c in ("message_id", "event_id", "sequence_number", "kafka_offset")
    )


def _deliveries_below(ends: Ends) -> pl.Series:
    """Of each row the delivery whose own work it is: itself or the nearest above,
    not beyond a send (the next hop has ids of its own)."""
    frame = ends.frame
    owner = nearest(frame.rows, ends.delivered | ends.sending)
    mine = ends.delivered[owner]
    return pl.select(pl.when(mine).then(owner)).to_series()


def _deliveries_beside(ends: Ends, owner: pl.Series) -> pl.Series:
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


def _on_spans(frame: Frame) -> pl.DataFrame:
    messages = frame.messages
    return (
        messages.select(pl.col("row"), *(c for c in _IDS if c in messages.columns))
        .with_columns(frame.tell(messages["row"], "kafka_cluster"))
        .select("row", *_IDS)
    )


def read_ids(tables: Tables, ends: Ends, asked: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(sends, deliveries): `row` of the end point and one message's ids a row. Of the
    deliveries only those in `asked` are told."""
    frame = ends.frame
    parts = read_part_ids(tables, ends).drop("part")
    known = _says_an_id()
    everything = pl.concat([_on_spans(frame), parts]).filter(known)
    if everything.is_empty():
        return pl.DataFrame(schema=IDS), pl.DataFrame(schema=IDS)
    of_sends = everything.filter(ends.sending[everything["row"]])
    sends = _once(of_sends.with_columns(ends.producers(of_sends["row"]).alias("row")))
    mine = frame.flag(asked["row"])
    owner = _deliveries_below(ends)
    own = _of_owners(everything, owner, mine)
    beside = _of_owners(everything, _deliveries_beside(ends, owner), mine)
    own = pl.concat([own, beside.join(own, on="owner", how="anti")])
    # A receive span above gives its id to the one delivery below it.
    receives = frame.flag(everything["row"]) & frame.is_role("receive")
    above = (
        ends.deliveries.select(
            owner="row", holder=nearest_above(frame.rows, receives)[ends.deliveries["row"]]
        )
        .drop_nulls("holder")
        .filter(pl.len().over("holder") == 1)
        .join(everything.rename({"row": "holder"}), on="holder")
        .join(own, on="owner", how="anti")
    )
    above = above.filter(mine[above["owner"]])
    after_calls = (
        asked.filter(pl.col("part") == "body")
        .with_columns(sequence_number=pl.lit(None, pl.String))
        .filter(known)
    )
    deliveries = pl.concat(
        [
            after_calls.select("row", *_IDS),
            own.select(pl.col("owner").alias("row"), *_IDS),
            above.select(pl.col("owner").alias("row"), *_IDS),
        ]
    )
    return sends, _once(deliveries)


def _of_owners(ids: pl.DataFrame, owner: pl.Series, asked: pl.Series) -> pl.DataFrame:
    """Ids (row, …) with the `owner` of their row, where it is `asked` for."""
    owners = owner[ids["row"]].alias("owner")
    return ids.with_columns(owners).filter(asked[owners])


def _once(ids: pl.DataFrame) -> pl.DataFrame:
    """The same without repetitions: most end points have ids in one place."""
    rows = ids["row"].to_numpy()
    several = pl.Series(np.bincount(rows)[rows] > 1, dtype=pl.Boolean)
    if not several.any():
        return ids
    return pl.concat([ids.filter(~several), ids.filter(several).unique()])


def read_correlation(
    tables: Tables, ends: Ends, asked: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(sends, deliveries): `row` of the end point, `key`, `value`, and `near`: 0 on the
    span itself, 1 on a local ancestor, 2 below it, 3 beside it (_deliveries_beside). Of
    the deliveries only those in `asked` are told.

    A producer reads its own span, else the nearest local ancestor; a consumer its own,
    else the ancestors', else what stands below it, else beside it. What is the message's
    own, a record's key or a conversation id, is read on the spans themselves alone. Entry
    numbers of a batch, which boto3sqs calls conversation ids, are none.
    """
    frame = ends.frame
    sets = tables.correlation
    said = frame.rows.select("row", "correlation_id").join(sets, on="correlation_id")
    talk = said.filter(pl.col("key") == CONVERSATION)["row"]
    entries = talk.filter(frame.tell(talk, "scope_name")["scope_name"].str.contains("boto3sqs"))
    said = said.filter((pl.col("key") != CONVERSATION) | ~pl.col("row").is_in(entries.implode()))
    owner = _deliveries_below(ends)
    near = [(2, owner), (3, _deliveries_beside(ends, owner))]
    sends: list[pl.DataFrame] = []
    deliveries: list[pl.DataFrame] = []
    for key in sorted(said["key"].unique().to_list()):
        values = said.filter(pl.col("key") == key)
        carrier = nearest(frame.rows, frame.flag(values["row"]))
        for rows, out in ((ends.sends, sends), (asked, deliveries)):
            out.append(
                rows.select("row", carrier=pl.lit(carrier).gather(pl.col("row")))
                .drop_nulls()
                .filter((pl.col("row") == pl.col("carrier")) | (pl.lit(key not in OWN_KEYS)))
                .join(values.rename({"row": "carrier"}), on="carrier")
                .select(
                    "row",
                    "key",
                    "value",
                    near=(pl.col("row") != pl.col("carrier")).cast(pl.Int32),
                )
            )
        for distance, of in [] if key in OWN_KEYS else near:
            owned = values.with_columns(pl.lit(of).gather(pl.col("row")).alias("owner")).filter(
                pl.col("owner").is_in(asked["row"].implode())
            )
            if owned.is_empty():  # mostly nothing stands beside
                continue
            told = owned.join(
                pl.concat(deliveries).filter(pl.col("key") == key).select(owner="row"),
                on="owner",
                how="anti",
            ).select(pl.col("owner").alias("row"), "key", "value", near=pl.lit(distance, pl.Int32))
            deliveries.append(told.unique())
    schema = {"row": pl.UInt32, "key": pl.String, "value": pl.String, "near": pl.Int32}
    nothing = pl.DataFrame(schema=schema)
    return pl.concat([nothing, *sends]), pl.concat([nothing, *deliveries])
