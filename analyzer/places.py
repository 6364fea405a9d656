"""Where a message came from, which only the receive span above its process span says.

Ruby's Bunny names system and exchange on its `receive` span, and nothing on the `process`
span below it but a name.
"""

import polars as pl

from analyzer.structure import nearest_above
from storage.cheap_rows import is_given, where, with_series

_PLACE = [
    *("system", "destination", "scope", "consumer_group", "kafka_topic", "kafka_cluster"),
    *("dead_letter", "routed"),
]


def inherit_places(rows: pl.DataFrame, meanings: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`rows` with another `meaning` for process spans that name no system, below a receive
    span that names one: their own, with its place; and the meanings with these behind them."""
    said = list(zip(meanings["role"], meanings["system"], strict=True))
    silent = pl.Series([one == ("process", None) for one in said], dtype=pl.Boolean)
    if not silent.any():
        return rows, meanings
    telling = [role == "receive" and system is not None for role, system in said]
    above = nearest_above(rows, pl.Series(telling, dtype=pl.Boolean)[rows["meaning"]])
    heirs = where(
        with_series(rows[["row", "meaning"]], above=above),
        silent[rows["meaning"]] & is_given(above),
    )
    if heirs.is_empty():
        return rows, meanings
    heirs = with_series(heirs, above=rows["meaning"][heirs["above"]])
    kinds = heirs.select("meaning", "above").unique(maintain_order=True)
    new = meanings[kinds["meaning"]].with_columns(meanings[name][kinds["above"]] for name in _PLACE)
    numbers = kinds.with_row_index("new", offset=meanings.height)
    found = heirs.join(numbers, on=["meaning", "above"], maintain_order="left")
    meaning = rows["meaning"].scatter(found["row"], found["new"])
    return rows.with_columns(meaning), pl.concat([meanings, new])
