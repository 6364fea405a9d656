"""Addresses of pages, as other pages link to them."""

from urllib.parse import quote, urlencode


def span_address(trace_id: str, span_id: str) -> str:
    return f"/traces/{trace_id}#span-{span_id}"


def journey_address(key: str, value: str) -> str:
    return f"/journeys?attribute={quote(f'{key}={value}', safe='=', errors='replace')}"


def destination_address(system: str | None, scope: str | None, name: str | None) -> str:
    given = {"system": system, "scope": scope, "name": name}
    kept = {key: value for key, value in given.items() if value}
    return f"/destinations?{urlencode(kept, errors='replace')}"
