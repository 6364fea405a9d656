"""Query parameters of API and pages: read, checked, explained.

An empty value means "not given" (forms send them). Unknown and repeated parameters are
errors: a filter that was misspelt must not look as if it had been applied.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from starlette.datastructures import QueryParams

from analyzer.ancestry import TraceId
from storage.contract import Page
from storage.correlation_keys import canonical_key
from web.durations import read_duration
from web.errors import ParameterError

MOST_ROWS = 1000
_LATEST = 2**63 - 1
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
# RFC 3339, with any number of fraction digits
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,18}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)

Word = TypeVar("Word", bound=str)


class Parameters:
    """The parameters of one request. Every method raises ParameterError with a sentence."""

    def __init__(
        self, query: QueryParams, allowed: Iterable[str], repeated: Iterable[str] = ()
    ) -> None:
        """`repeated` are those that may be given more than once."""
        names = sorted({*allowed, *repeated})
        given: dict[str, str] = {}
        self._lists: dict[str, list[str]] = {name: [] for name in repeated}
        for name, value in query.multi_items():
            if name in self._lists:
                if value:
                    self._lists[name].append(value)
                continue
            if name not in names:
                known = ", ".join(names) or "none"
                raise ParameterError(
                    name[:100], f"Unknown parameter {name[:100]!r}. Known here: {known}."
                )
            if name in given:
                raise ParameterError(name, f"{name} is given more than once.")
            given[name] = value
        self._given = given

    def text(self, name: str) -> str | None:
        """The value as it is; None when not given or empty."""
        value = self._given.get(name)
        return None if value is None or value == "" else _checked(name, value)

    def given(self, names: Iterable[str]) -> dict[str, str]:
        """Those of the parameters that have a value, as they were given."""
        return {name: self._given[name] for name in names if self._given.get(name)}

    def word(self, name: str, allowed: tuple[Word, ...]) -> Word | None:
        """One of `allowed`; case does not matter."""
        value = self.text(name)
        if value is None:
            return None
        for word in allowed:
            if word == value.lower():
                return word
        raise ParameterError(name, f"{name} must be one of {', '.join(allowed)}.")

    def flag(self, name: str) -> bool | None:
        value = self.word(name, ("true", "false"))
        return None if value is None else value == "true"

    def trace_id(self, name: str = "trace_id") -> TraceId | None:
        value = self.text(name)
        return None if value is None else parse_trace_id(value, name)

    def attribute(self, name: str = "attribute") -> tuple[str, str] | None:
        """Key and value; the first `=` splits, spellings become the canonical key."""
        value = self.text(name)
        return None if value is None else _parse_attribute(name, value)

    def texts(self, name: str) -> list[str]:
        """Values of a parameter that may be repeated, empty ones left out."""
        return [_checked(name, value) for value in self._lists[name]]

    def attributes(self, name: str = "attribute") -> tuple[tuple[str, str], ...]:
        """Of a parameter that may be repeated, each once."""
        return tuple(dict.fromkeys(_parse_attribute(name, value) for value in self.texts(name)))

    def instant(self, name: str) -> int | None:
        """Nanoseconds since the Unix epoch, or RFC 3339."""
        value = self.text(name)
        if value is None:
            return None
        instant = _parse_instant(value)
        if instant is None or not 0 <= instant <= _LATEST:
            raise ParameterError(
                name,
                f"{name} must be nanoseconds since 1970 or a time such as 2026-01-31T12:00:00Z.",
            )
        return instant

    def span_of_time(self) -> tuple[int | None, int | None]:
        """`from` and `to`, the first not after the second."""
        start, end = self.instant("from"), self.instant("to")
        if start is not None and end is not None and start > end:
            raise ParameterError("from", "from must not be later than the end of the time, to.")
        return start, end

    def duration(self, name: str) -> int | None:
        """Nanoseconds, from a number of them or a text such as 250ms, 1.5s, 15m."""
        value = self.text(name)
        if value is None:
            return None
        if value.isascii() and value.isdigit() and len(value) < 20:
            return min(int(value), _LATEST)
        nano = read_duration(value)
        if nano is None:
            raise ParameterError(
                name, f"{name} must be nanoseconds or a duration such as 250ms, 90s, 15m."
            )
        return min(nano, _LATEST)

    def limit(self) -> int:
        value = self.text("limit")
        if value is None:
            return 100
        digits = value.isascii() and value.isdigit() and len(value) < 10
        if not digits or not 1 <= int(value) <= MOST_ROWS:
            raise ParameterError("limit", f"limit must be a whole number from 1 to {MOST_ROWS}.")
        return int(value)

    def page(self) -> Page:
        return Page(self.limit(), self.text("cursor"))


def _checked(name: str, value: str) -> str:
    if "\0" in value:
        raise ParameterError(name, f"{name} contains a NUL character.")
    return value


def _parse_attribute(name: str, value: str) -> tuple[str, str]:
    key, separator, wanted = value.partition("=")
    if not separator or not key or not wanted:
        raise ParameterError(name, f"{name} must be key=value, such as order.id=123.")
    return canonical_key(key) or key, wanted


def parse_trace_id(text: str, name: str = "trace_id") -> TraceId:
    """Both halves of 32 hex digits."""
    number = _hex_number(text, 32)
    if not number:
        raise ParameterError(name, f"{name} must be 32 hex digits, not all zero.")
    return number >> 64, number & (2**64 - 1)


def parse_span_id(text: str, name: str = "span_id") -> int:
    number = _hex_number(text, 16)
    if not number:
        raise ParameterError(name, f"{name} must be 16 hex digits, not all zero.")
    return number


def _hex_number(text: str, digits: int) -> int:
    return int(text, 16) if re.fullmatch(f"[0-9a-fA-F]{{{digits}}}", text) else 0


def _parse_instant(text: str) -> int | None:
    if text.isascii() and text.isdigit() and len(text) < 20:
        return int(text)
    # a plus sign that was not percent-encoded arrives as a space
    text = re.sub(r" (\d\d:\d\d)$", r"+\1", text)
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    day, time, fraction, zone = found.groups()
    zone = "+00:00" if zone in "Zz" else zone
    try:
        moment = datetime.fromisoformat(f"{day}T{time}{zone}")
    except ValueError:
        return None
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    return seconds * 1_000_000_000 + int((fraction or "0")[:9].ljust(9, "0"))
