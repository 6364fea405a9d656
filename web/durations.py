"""Durations as people write them."""

import re

_DURATION = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h|d)", re.ASCII)
_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}


def read_duration(text: str) -> int | None:
    """Nanoseconds of a text such as 250ms, 1.5s, 15m; None for any other."""
    found = _DURATION.fullmatch(text)
    return None if found is None else round(float(found[1]) * _UNITS[found[2]])
