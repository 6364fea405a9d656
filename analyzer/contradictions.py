"""Strong rules that name different producers of one delivery.

Each id is said to name one message, so one of them lies: the strongest rule is followed,
what the others say is listed as a candidate, and the connection has a note.
"""

import json

import polars as pl

from analyzer.ends import Ends
from analyzer.rules import DRAWN
from storage.cheap_rows import is_among

DEMOTED = 0.6
_NOTE = {
    "code": "contradiction",
    "title": "Two ids of this delivery name different producers",
    "fix": (
        "Look at the candidates of this span: one of its ids was copied from another message. "
        "Record the id that the broker gave, on both ends, and no other."
    ),
}


def find_contradictions(ends: Ends, told: pl.DataFrame) -> pl.DataFrame:
    """(delivery, rule) of the rules that are followed, for deliveries of which two strong
    rules name producers and have none in common.

    `told` are EVIDENCE rows. A batch has many producers by one rule, and is none.
    """
    if told["delivery"].n_unique() == told.height:  # as it mostly is
        return told[["delivery", "rule"]].clear()
    strong = told.filter(pl.col("confidence") >= DRAWN)
    named = strong.select("delivery", "rule", "confidence", ends.producers(strong["send"]))
    several = named.filter(
        (pl.col("rule").n_unique().over("delivery") > 1)
        & (pl.col("unit").n_unique().over("delivery") > 1)
    )
    if several.is_empty():
        return several[["delivery", "rule"]]
    best = (
        several.sort("delivery", "confidence", "rule", descending=[False, True, False])
        .unique("delivery", keep="first", maintain_order=True)
        .select("delivery", followed="rule")
    )
    mine = several.join(best, on="delivery")
    followed = mine.filter(pl.col("rule") == pl.col("followed")).select("delivery", "unit")
    agreeing = mine.join(followed, on=["delivery", "unit"], how="semi")
    torn = mine.join(agreeing, on=["delivery", "rule"], how="anti")
    return best.join(torn, on="delivery", how="semi").rename({"followed": "rule"})


def demote(told: pl.DataFrame, torn: pl.DataFrame) -> pl.DataFrame:
    """EVIDENCE rows in which only the rules that are followed are strong."""
    if torn.is_empty():
        return told
    followed = torn.rename({"rule": "followed"})
    doubted = (pl.col("rule") != pl.col("followed")).fill_null(value=False)
    return (
        told.join(followed, on="delivery", how="left")
        .with_columns(
            pl.when(doubted)
            .then(pl.min_horizontal("confidence", pl.lit(DEMOTED)))
            .otherwise("confidence")
            .alias("confidence")
        )
        .select(told.columns)
    )


def notes_of(deliveries: pl.Series, torn: pl.DataFrame) -> pl.Series:
    """The notes of hand-overs as JSON texts."""
    nothing, note = pl.Series(["[]"]), pl.Series([json.dumps([_NOTE])])
    if torn.is_empty():
        return nothing.new_from_index(0, len(deliveries))
    return note.zip_with(is_among(deliveries, torn["delivery"]), nothing)
