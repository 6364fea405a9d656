"""What spans of one kind, name, scope and shape mean, worked out once for all of them."""

import polars as pl

from analyzer.names import name_shapes
from analyzer.roles import AWS_API_SCOPES, ROLE, assign_roles

# "order.publish" and "order.process" belong to the domain "order"
DOMAIN = (
    r"(?i)^(.+)[._/ -]"
    r"(?:publish|send|produce|create|emit|process|receive|consume|handle)(?:d|r|er)?$"
)
# Spans that agree in these mean the same.
_ALIKE = ["shape_id", "scope_id", "name", "kind", "marked", "recorded", "identified"]
_MEANING = [
    "system",
    "destination",
    "scope",
    "consumer_group",
    "dead_letter",
    "kafka_topic",
    "kafka_cluster",
    "event_source",
    "event_detail_type",
    "trigger",
    "celery_task",
    "scope_name",
    "scope_version",
    "role",
    "api_receive",
    "aws_api",
    "domain",
    "says_receive",
]


def find_meanings(
    rows: pl.DataFrame, scopes: pl.DataFrame, shapes: pl.DataFrame
) -> tuple[pl.Series, pl.DataFrame]:
    """(`meaning`, meanings): of each row the index of its meaning, and the meanings."""
    number, kinds = _group(rows.select(_ALIKE))
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
        pl.col("role").cast(ROLE),
        pl.col("name").str.extract(DOMAIN).str.to_lowercase().alias("domain"),
        pl.col("name")
        .str.to_lowercase()
        .str.contains("receive", literal=True)
        .alias("says_receive"),
        pl.col("scope_name").str.contains(AWS_API_SCOPES).fill_null(value=False).alias("aws_api"),
    )
    return number, told.select(_MEANING)


def _group(rows: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """(`meaning`, kinds): rows that are equal get one number, the index of their kind.

    Told apart by a hash; that equal hashes mean equal rows is looked up, not believed.
    """
    hashes = rows.select(hash=rows.hash_rows()).with_row_index("row")
    firsts = (
        hashes.group_by("hash", maintain_order=True).agg(pl.col("row").first())
    ).with_row_index("meaning")
    number = hashes.join(firsts, on="hash", how="left", maintain_order="left")["meaning"]
    kinds = rows[firsts["row"]]
    if all(rows[name].equals(kinds[name].gather(number)) for name in rows.columns):
        return number, kinds
    kinds = rows.unique(maintain_order=True).with_row_index("meaning")
    found = rows.join(kinds, on=rows.columns, how="left", nulls_equal=True, maintain_order="left")
    return found["meaning"], kinds.drop("meaning")
