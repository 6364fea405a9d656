"""Where a message came from, which only the receive span above its process span says.

Ruby's Bunny names system and exchange on its `receive` span, and nothing on the `process`
span below it but a name.
"""

import polars as pl

from analyzer.structure import nearest_above

_PLACE = [
    *("system", "destination", "scope", "consumer_group", "kafka_topic", "kafka_cluster"),
    *("dead_letter", "routed"),
]


def inherit_places(rows: pl.DataFrame, meanings: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`rows` with another `meaning` for process spans that name no system, below a receive
    span that names one: their own, with its place; and the meanings with these behind them."""
    mute = (pl.col("role") == "process") & pl.col("system").is_null()
    silent = meanings.select(mute.fill_null(value=False)).to_series()
    if not silent.any():
        return rows, meanings
    told = meanings.select(
        ((pl.col("role") == "receive") & pl.col("system").is_not_null()).fill_null(value=False)
    ).to_series()
    above = nearest_above(rows, told[rows["meaning"]])
    heirs = rows.select("row", "meaning", above=rows["meaning"][above]).filter(
        silent[rows["meaning"]] & pl.lit(above).is_not_null()
    )
    if heirs.is_empty():
        return rows, meanings
    kinds = heirs.select("meaning", "above").unique(maintain_order=True)
    new = meanings[kinds["meaning"]].with_columns(meanings[name][kinds["above"]] for name in _PLACE)
    numbers = kinds.with_row_index("new", offset=meanings.height)
    found = heirs.join(numbers, on=["meaning", "above"], maintain_order="left")
    meaning = rows["meaning"].scatter(found["row"], found["new"])
    return rows.with_columns(meaning), pl.concat([meanings, new])
