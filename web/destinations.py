"""Addresses of destinations. Pure."""

from urllib.parse import urlencode


def destination_address(system: str | None, scope: str | None, name: str | None) -> str:
    given = {"system": system, "scope": scope, "name": name}
    kept = {key: value for key, value in given.items() if value}
    return f"/destinations?{urlencode(kept, errors='replace')}"
