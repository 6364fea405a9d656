"""What a search asks for, from its address: the same for the page and the JSON."""

from dataclasses import dataclass

from storage.queries import Problem, SearchQuery, SpanStatus
from storage.state import StoreStatus
from web.errors import ParameterError
from web.parameters import Parameters
from web.words import say_duration

ATTRIBUTES = ("attribute",)
FILTERS = (
    *("service", "name", "name_contains", "min_duration", "max_duration", "status", "problem"),
    *("from", "to", "scan"),
)
PROBLEMS: dict[Problem, str] = {
    "error": "a failed span",
    "orphan": "an orphan root",
    "dead-letter": "a dead letter",
}
STATUSES: tuple[SpanStatus, ...] = ("error", "ok", "unset")
# Address and words of the quick choices of time; the last is no limit.
LASTS = {"15m": "last 15 minutes", "1h": "last hour", "24h": "last 24 hours", "": "all"}
MOST_ATTRIBUTES = 10
# Texts of attributes are unpacked one by one; other columns cost next to nothing.
_TEXTS_AT_ONCE, _SPANS_AT_ONCE = 150_000, 4_000_000
MUCH = 20  # times as many, for who will wait
_MOST_SPANS = 10**12


def read_search(given: Parameters) -> SearchQuery:
    """Raises ParameterError."""
    attributes = given.attributes()
    if len(attributes) > MOST_ATTRIBUTES:
        most = f"At most {MOST_ATTRIBUTES} attributes are searched at once."
        raise ParameterError("attribute", most)
    start, end = given.span_of_time()
    return SearchQuery(
        attributes=attributes,
        service=given.text("service"),
        name=given.text("name"),
        name_contains=given.text("name_contains"),
        status=given.word("status", STATUSES),
        problem=given.word("problem", tuple(PROBLEMS)),
        min_duration_nano=given.duration("min_duration"),
        max_duration_nano=given.duration("max_duration"),
        start=start,
        end=end,
    )


def read_scan(given: Parameters) -> int | None:
    """How many spans may be looked at."""
    value = given.text("scan")
    if value is None:
        return None
    digits = value.isascii() and value.isdigit() and len(value) < 20
    if not digits or not 1 <= int(value) <= _MOST_SPANS:
        raise ParameterError("scan", f"scan must be a number of spans, 1 to {_MOST_SPANS}.")
    return int(value)


def usual_scan(query: SearchQuery) -> int:
    """So many spans are looked at within a blink."""
    return _TEXTS_AT_ONCE if query.attributes else _SPANS_AT_ONCE


@dataclass(frozen=True, slots=True)
class Lately:
    """The time that a quick choice stands for, and what it counts back from."""

    start: int
    end: int
    stale: bool
    """Nothing came for a while: it counts back from the newest span."""


_LIVE_NANO = 300_000_000_000


def read_last(given: Parameters, status: StoreStatus, now: int) -> Lately | None:
    """Counts back from now, or from the newest span where that is older: what was loaded from
    a file has its own now. Raises ParameterError."""
    length = given.duration("last")
    if length is None:
        return None
    if given.text("from") is not None or given.text("to") is not None:
        raise ParameterError("last", "Give either last, or from and to.")
    newest = now if status.newest_unix_nano is None else min(status.newest_unix_nano, now)
    stale = now - newest > _LIVE_NANO
    # A span may begin in the very instant.
    return Lately(max(newest - length, 0), max(newest, 0) + 1, stale)


def tell_search(query: SearchQuery) -> list[str]:
    """The conditions in words, but for when."""
    told = [f"{key} = {value}" for key, value in query.attributes]
    if query.service is not None:
        told.append(f"service {query.service}")
    if query.name is not None:
        told.append(f"span name {query.name}")
    if query.name_contains is not None:
        told.append(f"span name with “{query.name_contains}”")
    if query.status is not None:
        told.append(f"status {query.status}")
    if query.problem is not None:
        told.append(f"with {PROBLEMS[query.problem]}")
    if query.min_duration_nano is not None:
        told.append(f"at least {say_duration(query.min_duration_nano)}")
    if query.max_duration_nano is not None:
        told.append(f"at most {say_duration(query.max_duration_nano)}")
    return told
