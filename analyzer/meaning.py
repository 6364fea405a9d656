"""What spans of one kind, name, scope and shape mean, worked out once for all of them."""

from typing import Any

import polars as pl

from analyzer.names import name_shapes
from analyzer.operations import name_operation
from analyzer.roles import AWS_API_SCOPES, ROLE, assign_roles

# "order.publish" and "order.process" belong to the domain "order"
DOMAIN = (
    r"(?i)^(.+)[._/ -]"
    r"(?:publish|send|produce|create|emit|enqueue|process|receive|consume|handle|execute)(?:d|r|er)?$"
)
# Spans that agree in these mean the same.
_ALIKE = ["shape_id", "scope_id", "name", "kind", "marked", "recorded", "identified"]
_FLAGS = ("dead_letter", "api_receive", "aws_api", "says_receive", "routed", "creating")
_TEXTS = (
    *("system", "destination", "scope", "consumer_group", "kafka_topic", "kafka_cluster"),
    *("event_source", "event_detail_type", "trigger", "celery_task"),
    *("scope_name", "scope_version", "domain", "operation"),
)
_MEANING = {
    **dict.fromkeys(_TEXTS, pl.String()),
    **dict.fromkeys(_FLAGS, pl.Boolean()),
    "role": ROLE,
}
# Meanings of the kinds that were seen last: services send the same few for ever. Ids name
# contents, so the same kind never means anything else.
_MOST_REMEMBERED = 20_000
# On average, of a kind and what it means: names can be very long.
_MOST_BYTES = 2_000
_remembered: dict[tuple[Any, ...], tuple[Any, ...]] = {}


def find_meanings(
    rows: pl.DataFrame, scopes: pl.DataFrame, shapes: pl.DataFrame
) -> tuple[pl.Series, pl.DataFrame]:
    """(`meaning`, meanings): of each row the index of its meaning, and the meanings."""
    number, kinds = _group(rows.select(_ALIKE))
    if kinds.height > _MOST_REMEMBERED // 2:
        return number, _work_out(kinds, scopes, shapes)
    keys = kinds.rows()
    told = {key: known for key in keys if (known := _remembered.get(key)) is not None}
    new = [place for place, key in enumerate(keys) if key not in told]
    if new:
        found = _work_out(kinds[new], scopes, shapes)
        told |= zip((keys[place] for place in new), found.rows(), strict=True)
        if len(_remembered) > _MOST_REMEMBERED // 2:
            _remembered.clear()
        if kinds.estimated_size() + found.estimated_size() <= _MOST_BYTES * kinds.height:
            _remembered.update(told)
    return number, pl.DataFrame([told[key] for key in keys], schema=_MEANING, orient="row")


def _work_out(kinds: pl.DataFrame, scopes: pl.DataFrame, shapes: pl.DataFrame) -> pl.DataFrame:
    scopes = scopes.unique("scope_id").select(
        "scope_id", scope_name="name", scope_version="version"
    )
    told = assign_roles(
        name_shapes(
            kinds.join(scopes, on="scope_id", how="left", maintain_order="left").join(
                shapes, on="shape_id", how="left", maintain_order="left"
            )
        )
    ).with_columns(
        pl.col("name").str.extract(DOMAIN).str.to_lowercase().alias("domain"),
        name_operation(pl.col("name")).alias("operation"),
        pl.col("name")
        .str.to_lowercase()
        .str.contains("receive", literal=True)
        .alias("says_receive"),
        pl.col("scope_name").str.contains(AWS_API_SCOPES).fill_null(value=False).alias("aws_api"),
    )
    return told.select(pl.col(name).cast(type_) for name, type_ in _MEANING.items())


def _group(rows: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """(`meaning`, kinds): rows that are equal get one number, the index of their kind.

    Told apart by a hash; that equal hashes mean equal rows is looked up, not believed.
    """
    short = rows.select("shape_id", "scope_id", "name", short=_in_one_number())
    hashes = short.select(hash=short.hash_rows()).with_row_index("row")
    first = hashes.select(pl.col("row").first().over("hash")).to_series()
    new = first == hashes["row"]
    number = (new.cum_sum() - 1)[first].cast(pl.UInt32).alias("meaning")
    kinds = rows.filter(new)
    if all(short[name].equals(short[name][first]) for name in short.columns):
        return number, kinds
    kinds = rows.unique(maintain_order=True).with_row_index("meaning")
    found = rows.join(kinds, on=rows.columns, how="left", nulls_equal=True, maintain_order="left")
    return found["meaning"], kinds.drop("meaning")


def _in_one_number() -> pl.Expr:
    """The other columns of _ALIKE: one is compared faster than four."""
    number = pl.col("kind").cast(pl.Int64)
    for name in ("marked", "recorded", "identified"):
        number = number * 2 + pl.col(name)
    return number
