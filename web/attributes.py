"""Stored attribute text as natural JSON.

JavaScript reads every number as a double, so integers beyond 2^53 become strings, and
so do numbers that JSON cannot say (`NaN`, `Infinity`, 1e999).
"""

import json
from typing import Any

from web.shapes import Attributes

_EXACT = 2**53
_DIGITS = 17  # more digits than any integer up to 2^53 has, sign included


def _integer(text: str) -> int | str:
    if len(text) > _DIGITS:
        return text
    value = int(text)
    return value if -_EXACT <= value <= _EXACT else text


def _real(text: str) -> float | str:
    value = float(text)
    return value if value - value == 0 else text


# What nests deeper is shown as the text it is: writing it again would exhaust the stack.
_DEEPEST = 100

_decoder = json.JSONDecoder(parse_int=_integer, parse_float=_real, parse_constant=str)


def read_json(text: str) -> Any:
    """Natural JSON of a stored text; the text itself where it is no JSON, or nested too
    deep to be read."""
    try:
        value = _decoder.decode(text)
    except (ValueError, RecursionError):
        return text
    brackets = text.count("[") + text.count("{")
    return text if brackets > _DEEPEST and _nests_too_deep(value) else value


def _nests_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)


def read_attributes(text: str) -> Attributes:
    """Attributes by key; `{"unreadable": text}` where the text is no JSON object."""
    if text == "{}":
        return {}
    value = read_json(text)
    return value if isinstance(value, dict) else {"unreadable": text}
