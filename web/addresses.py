"""Addresses of pages, as other pages link to them."""

from urllib.parse import quote, urlencode

# Letters of one that a name may make; servers refuse much longer ones.
LONGEST = 8_000


class Address(str):
    """Short enough to be written whole: what is cut leads nowhere."""

    __slots__ = ()


def span_address(trace_id: str, span_id: str) -> str:
    return f"/traces/{trace_id}#span-{span_id}"


def journey_address(key: str, value: str) -> Address:
    """Of the search where it would be too long."""
    asked = f"/journeys?attribute={quote(f'{key}={value}', safe='=', errors='replace')}"
    return Address(asked if len(asked) <= LONGEST else "/search")


def destination_address(system: str | None, scope: str | None, name: str | None) -> Address:
    """Of the list where it would be too long."""
    given = {"system": system, "scope": scope, "name": name}
    kept = {key: value for key, value in given.items() if value}
    asked = f"/destinations?{urlencode(kept, errors='replace')}"
    return Address(asked if len(asked) <= LONGEST else "/destinations")
