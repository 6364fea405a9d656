"""What spans of one kind, name, scope and shape mean, worked out once for all of them."""

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from analyzer.names import name_shapes
from analyzer.operations import may_wait, name_operation
from analyzer.roles import AWS_API_SCOPES, ROLE, assign_roles
from storage.arrays import ODD
from storage.cheap_rows import at, with_series

# "order.publish" and "order.process" belong to the domain "order"
DOMAIN = (
    r"(?i)^(.+)[._/ -]"
    r"(?:publish|send|produce|create|emit|enqueue|process|receive|consume|handle|execute)(?:d|r|er)?$"
)
# Spans that agree in these mean the same.
_ALIKE = ["shape_id", "scope_id", "name", "kind", "says"]
# What a span's message says of itself, in one number.
MARKED, RECORDED, IDENTIFIED = 1, 2, 4
_SAYS = {"marked": MARKED, "recorded": RECORDED, "identified": IDENTIFIED}
_FLAGS = ("dead_letter", "api_receive", "aws_api", "says_receive", "routed", "creating", "waits")
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
_CODES = {role: code for code, role in enumerate([*ROLE.categories, None])}
# Meanings of the kinds that were seen last: services send the same few for ever. Ids name
# contents, so the same kind never means anything else.
_MOST_REMEMBERED = 20_000
# On average, of a kind and what it means: names can be very long.
_MOST_BYTES = 2_000
_remembered: dict[tuple[Any, ...], tuple[Any, ...]] = {}


def find_meanings(
    rows: pl.DataFrame, scopes: pl.DataFrame, shapes: pl.DataFrame
) -> tuple[pl.Series, pl.DataFrame]:
    """(`meaning`, meanings): of each row the index of its meaning, and the meanings. `says` of
    the rows (UInt8) adds up MARKED (it has messaging attributes), RECORDED and IDENTIFIED
    (analyzer.names.mark_messages); `shape_id` is 0 where not marked."""
    number, kinds = _group(rows[_ALIKE])
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


def code_roles(meanings: pl.DataFrame, meaning: pl.Series) -> np.ndarray:
    """Of rows with these indexes of their meanings, their roles as numbers (has_role)."""
    codes = np.array([_CODES[role] for role in meanings["role"]], dtype=np.uint8)
    told: np.ndarray = codes[meaning.to_numpy()]
    return told


def has_role(codes: np.ndarray, role: str | None) -> pl.Series:
    """Boolean: which of the codes are this role's; None: which are those of none."""
    return pl.Series(codes == _CODES[role])


def _work_out(kinds: pl.DataFrame, scopes: pl.DataFrame, shapes: pl.DataFrame) -> pl.DataFrame:
    scopes = scopes.select("scope_id", scope_name="name", scope_version="version")
    told = assign_roles(
        name_shapes(
            kinds.join(scopes, on="scope_id", how="left", maintain_order="left").join(
                shapes, on="shape_id", how="left", maintain_order="left"
            )
        )
    ).with_columns(
        pl.col("name").str.extract(DOMAIN).str.to_lowercase().alias("domain"),
        name_operation(pl.col("name")).alias("operation"),
        may_wait(pl.col("name")).alias("waits"),
        pl.col("name")
        .str.to_lowercase()
        .str.contains("receive", literal=True)
        .alias("says_receive"),
        pl.col("scope_name").str.contains(AWS_API_SCOPES).fill_null(value=False).alias("aws_api"),
    )
    return told.select(pl.col(name).cast(type_) for name, type_ in _MEANING.items())


def _group(rows: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """(`meaning`, kinds): rows that are equal get one number, the index of their kind. `kinds`
    are the first rows of each, in their order, without shape where they are not marked.

    Told apart by a hash; that equal hashes mean equal rows is looked up, not believed.
    """
    coded = pa.array(_hash(rows)).dictionary_encode()
    code = coded.indices.to_numpy().astype(np.uint32)
    firsts = np.empty(len(coded.dictionary), dtype=np.uint32)
    firsts[code[::-1]] = np.arange(rows.height, dtype=np.uint32)[::-1]
    first = pl.Series(firsts[code])
    if all(column.equals(column[first]) for column in rows.get_columns()):
        number, kinds = pl.Series("meaning", code), at(rows, firsts)
    else:
        kinds = rows.unique(maintain_order=True).with_row_index("meaning")
        number = rows.join(kinds, on=rows.columns, how="left", maintain_order="left")["meaning"]
        kinds = kinds.drop("meaning")
    said = [kinds["says"] & flag == flag for flag in _SAYS.values()]
    flags = dict(zip(_SAYS, said, strict=True))
    shape = kinds["shape_id"].zip_with(flags["marked"], pl.Series([None], dtype=pl.UInt64))
    return number, with_series(kinds, shape.alias("shape_id"), **flags)


def _hash(rows: pl.DataFrame) -> np.ndarray:
    """A number for each row, the same for equal rows and hardly ever for others."""
    number = rows[["name"]].hash_rows().to_numpy(writable=True)
    small = rows["kind"].to_numpy() * 8 + rows["says"].to_numpy()
    for column in (rows["scope_id"].to_numpy(), rows["shape_id"].to_numpy(), small):
        number *= ODD
        np.add(number, column, out=number, casting="unsafe")
    return number
