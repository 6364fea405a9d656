"""Conditions and orders as text, for every engine of SQL. Values go in as parameters."""

from collections.abc import Mapping, Sequence

from storage.destination_reads import Place


def equals(given: Mapping[str, str | None], prefix: str) -> tuple[str, dict[str, str]]:
    """The condition that columns have these values, and the parameters it names. Null is a
    value like any other; plain comparisons are far cheaper than IS NOT DISTINCT FROM."""
    told = {name: value for name, value in given.items() if value is not None}
    conditions = (
        f"{name} = ${prefix}_{name}" if name in told else f"{name} IS NULL" for name in given
    )
    return " AND ".join(conditions), {f"{prefix}_{name}": each for name, each in told.items()}


def placed(place: Place) -> tuple[str, dict[str, str]]:
    """The condition that a row is of this destination, and its parameters."""
    given = {"system": place.system, "destination": place.destination, "scope": place.scope}
    return equals(given, "place")


def in_order(columns: Sequence[str]) -> str:
    """What ORDER BY says for these columns; null is the smallest value."""
    return ", ".join(f"{column} NULLS FIRST" for column in columns)
