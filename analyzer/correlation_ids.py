"""Where the business ids of a message are read: on the end point, else near it."""

import polars as pl

from analyzer.ends import Ends
from analyzer.frame import Frame
from analyzer.ids import OWN_KEYS, deliveries_below, deliveries_beside, names_work
from analyzer.rules import surely
from analyzer.rules.conversation_id import CONVERSATION
from analyzer.structure import nearest
from analyzer.tables import Tables
from storage.cheap_rows import is_among, stack, where

_KEYS = pl.Schema({"row": pl.UInt32, "key": pl.String, "value": pl.String, "near": pl.Int32})
_NO_KEYS = pl.DataFrame(schema=_KEYS)


def read_correlation(
    tables: Tables, ends: Ends, asked: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(sends, deliveries): `row` of the end point, `key`, `value`, and `near`: 0 on the
    span itself, 1 on a local ancestor, 2 below it, 3 beside it (deliveries_beside). Of
    the deliveries only those in `asked` are told.

    A producer reads its own span, else the nearest local ancestor; a consumer its own,
    else the ancestors', else what stands below it, else beside it. What is the message's
    own, a record's key or a conversation id, is read on the spans themselves alone. Entry
    numbers of a batch, which boto3sqs calls conversation ids, are none.
    """
    frame = ends.frame
    keys = tables.correlation["key"]
    asked_rows = frame.flag(asked["row"])
    owner = deliveries_below(ends)
    near = [(2, owner), (3, deliveries_beside(ends, owner))]
    sends, deliveries = [_NO_KEYS], [_NO_KEYS]
    for key in keys.unique().sort():
        sets = where(tables.correlation, keys == key)
        carrying = _carrying(frame, key, sets)
        if not carrying.any():
            continue
        carrier = nearest(frame.rows, carrying)
        for rows, out in ((ends.sends["row"], sends), (asked["row"], deliveries)):
            out.append(_tell_carried(frame, sets, rows, carrier[rows], own=key in OWN_KEYS))
        silent = asked_rows & ~frame.flag(deliveries[-1]["row"])
        for distance, of in [] if key in OWN_KEYS else near:
            if of.null_count() == len(of):  # mostly nothing stands beside
                continue
            owned = carrying & surely(silent[of])
            told = _tell(frame, sets, of.filter(owned), frame["row"].filter(owned), distance)
            deliveries.append(told.unique())
            silent &= ~frame.flag(told["row"])
    return stack(sends), stack(deliveries)


def _carrying(frame: Frame, key: str, sets: pl.DataFrame) -> pl.Series:
    """Boolean by row: the span has one of these sets of `key`."""
    carrying = is_among(frame["correlation_id"], sets["correlation_id"])
    if key == CONVERSATION:
        rows = frame["row"].filter(carrying)
        scopes = frame.tell(rows, "scope_name")["scope_name"]
        carrying &= ~frame.flag(rows.filter(surely(scopes.str.contains("boto3sqs"))))
    return carrying


def _tell_carried(
    frame: Frame, sets: pl.DataFrame, rows: pl.Series, carriers: pl.Series, *, own: bool
) -> pl.DataFrame:
    """What these rows' carriers (null: none) say: the span itself or, of keys that are not the
    message's `own`, an ancestor."""
    same = surely(rows == carriers)
    told = [_tell(frame, sets, rows.filter(same), carriers.filter(same), 0)]
    if not own:
        above = surely(rows != carriers)
        told.append(_tell(frame, sets, rows.filter(above), carriers.filter(above), 1))
    return stack(told)


def _tell(
    frame: Frame, sets: pl.DataFrame, rows: pl.Series, carriers: pl.Series, near: int
) -> pl.DataFrame:
    """What the sets of the carriers say, of these rows."""
    if rows.is_empty():
        return _NO_KEYS
    carried = pl.DataFrame([rows.alias("row"), frame["correlation_id"][carriers]])
    told = carried.join(sets, on="correlation_id")
    return told.select("row", "key", "value", near=pl.lit(near, pl.Int32))


def of_work(keys: pl.DataFrame) -> pl.DataFrame:
    """Those of `keys` (key, …) that name one unit of work."""
    return where(keys, names_work(keys["key"]))
