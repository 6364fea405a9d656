"""Spells that are kept up to date are those of all deliveries that are there."""

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.alternations import LATEST
from analyzer.spells import Spells
from storage.handover_reads import DELIVERY_STARTS, SPELL_KEY, SPELLS
from storage.memory_handovers import find_spells
from storage.schema import ENDPOINTS

DELIVERY = st.fixed_dictionaries(
    {
        "service_name": st.sampled_from(["a", None]),
        "destination": st.sampled_from(["orders", "letters", None]),
        "relation": st.sampled_from(["parent", "link", "stitch", None]),
        "is_root": st.booleans(),
        "start_time_unix_nano": st.integers(0, 12),
        "role": st.sampled_from(["process", "process", "process", "send"]),
    }
)


def endpoints(rows: list[dict[str, Any]]) -> pl.DataFrame:
    named = [{"span_name": "p", **row} for row in rows]
    columns = ["span_name", *DELIVERY_COLUMNS]
    schema = {name: pl.DataFrame(ENDPOINTS.empty_table()).schema[name] for name in columns}
    told = pl.DataFrame(named, schema=schema, orient="row")
    return told.with_columns(
        pl.lit(None, pl.String).alias(name)
        for name in ("environment", "service_namespace", "system")
    )


DELIVERY_COLUMNS = [
    *("service_name", "destination", "relation", "is_root", "start_time_unix_nano", "role")
]


def starts(rows: pl.DataFrame) -> pl.DataFrame:
    """As DELIVERY_STARTS has them."""
    continues = pl.col("relation").is_in(["parent", "link"]).fill_null(value=False)
    found = (
        rows.filter(pl.col("role") == "process")
        .group_by(*SPELL_KEY, continues.alias("continues"))
        .agg(starts="start_time_unix_nano")
    )
    return pl.DataFrame(found.to_arrow().cast(DELIVERY_STARTS))


def all_spells(rows: pl.DataFrame) -> list[tuple[Any, ...]]:
    found = find_spells(rows.filter(pl.col("role") == "process"), LATEST)
    return sorted(found.select(SPELLS.names).rows(), key=repr)


@settings(max_examples=30)
@given(st.lists(DELIVERY, max_size=20), st.lists(st.lists(DELIVERY, max_size=8), max_size=4))
def test_what_comes_and_goes_leaves_the_spells_of_what_is_there(
    first: list[dict[str, Any]], passes: list[list[dict[str, Any]]]
) -> None:
    spells, held = Spells(starts(endpoints(first)).to_arrow()), first
    for rows in passes:
        gone = held[: len(rows)]
        spells.replace(starts(endpoints(gone)), starts(endpoints(rows)))
        held = held[len(rows) :] + rows
        told = sorted(spells.told().select(SPELLS.names).rows(), key=repr)
        assert told == all_spells(endpoints(held))


def test_only_the_latest_deliveries_without_a_context_count() -> None:
    def at(start: int, relation: str | None) -> dict[str, Any]:
        told = {"service_name": "a", "destination": "orders", "role": "process"}
        return told | {"relation": relation, "is_root": False, "start_time_unix_nano": start}

    spells = Spells(DELIVERY_STARTS.empty_table())
    rows = endpoints([at(n, "link" if n in (1, 2, 60) else None) for n in range(LATEST + 5)])
    spells.replace(starts(rows.clear()), starts(rows))
    assert spells.told().select("cut", "spells", "between", "after").rows() == [(LATEST, 2, 1, 0)]
    spells.replace(starts(rows), starts(rows.clear()))
    assert spells.told().is_empty()
