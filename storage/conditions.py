"""Conditions and orders as text, for every engine of SQL. Values go in as parameters."""

from collections.abc import Mapping, Sequence

from storage.destination_reads import Place
from storage.paging import I64_RANGE, within_i64
from storage.queries import OrphanQuery


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


def grouping(key: Sequence[str]) -> dict[str, str]:
    """Group by the columns of `key`; groups of equal count in their order."""
    return {"key": ", ".join(key), "order": in_order(key)}


def alike(table: str, columns: Sequence[str]) -> str:
    """The rows of `table` that agree in these columns with a group; null is a value too."""
    return " AND ".join(f"{table}.{name} IS NOT DISTINCT FROM told.{name}" for name in columns)


def of_orphans(query: OrphanQuery) -> dict[str, str | int | bool | None]:
    """Parameters of the conditions on orphans, all but the trace."""
    return {
        "cause": query.cause,
        "service": query.service,
        "destination": query.destination,
        "expected": query.expected,
        "hidden": query.hidden,
        "settled": query.settled,
        "settled_before": within_i64(query.settled_before_unix_nano),
        "start": within_i64(query.start),
        "end": within_i64(query.end),
    }


def between(start: int | None, end: int | None) -> dict[str, int | None]:
    """Parameters of the condition that something began from `start` on and before `end`."""
    least = within_i64(start)
    return {"start": I64_RANGE.start if least is None else least, "end": within_i64(end)}
