"""A broken consumer beside one that connected: everything in which they differ. Pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from storage.correlation_keys import canonical_key
from storage.schema import MESSAGE_COLUMNS, load_attributes
from web.trace_shapes import Span
from web.words import cut_text, say_value

# What is another one in every message: attributes of these columns.
_OF_EACH_MESSAGE = frozenset(
    name for column in MESSAGE_COLUMNS for name in load_attributes()["columns"][column]["names"]
)
_LONGEST = 200
_NONE = "none"
_GONE = " (not stored)"  # of a context that came: its span is not here
# Of a span, a trace or whatever has a UUID; a time in words or as a count since 1970.
_ID = re.compile(r"[0-9a-f]{16}(?:[0-9a-f]{16})?|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*|1\d{9}\.\d+|1\d{12}(?:\d{3}){0,2}")
# Fields that may be a hash, and tell something by it.
_VERSIONS = ("service version", "instrumentation", "SDK", "tracestate")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line: what both sides say."""

    field: str
    broken: str
    connected: str
    each: bool = False
    """Of this message or process alone, so that it tells nothing that it differs."""

    @property
    def differs(self) -> bool:
        return self.broken != self.connected

    @property
    def lacks(self) -> bool:
        """One side has nothing there, or what is not stored."""
        nothing = _NONE in (self.broken, self.connected)
        return self.differs and (nothing or _GONE in self.broken + self.connected)


def compare_consumers(
    broken: Span, connected: Span, *, attributes: bool = True, missing: Collection[str] = ()
) -> list[Comparison]:
    """What differs first, led by what one side lacks, then what both have in common, then what
    each message or process has of its own. Without `attributes` only the fields that every
    span has. `missing` are ids of parents and links that are not stored."""
    one, other = (_describe(span, missing, attributes=attributes) for span in (broken, connected))
    lines = [
        Comparison(
            name,
            one.get(name, _NONE),
            other.get(name, _NONE),
            each=name in one
            and name in other
            and (_is_of_each_message(name) or _are_alike(name, one[name], other[name])),
        )
        for name in dict.fromkeys([*one, *other])
    ]
    return sorted(lines, key=lambda line: (line.each, not line.differs, not line.lacks))


def split_lines(lines: Sequence[Comparison]) -> list[tuple[str, list[Comparison]]]:
    """What differs, what is alike, what is of each message or process; none that is
    empty."""
    split = [
        ("Differs", [line for line in lines if line.differs and not line.each]),
        ("The same on both", [line for line in lines if not line.differs]),
        ("Of each message or process", [line for line in lines if line.differs and line.each]),
    ]
    return [(title, members) for title, members in split if members]


def _is_of_each_message(attribute: str) -> bool:
    return attribute in _OF_EACH_MESSAGE or canonical_key(attribute) is not None


def _are_alike(field: str, one: str, other: str) -> bool:
    """Whether both are ids or both times, or addresses of one thing at two hosts."""
    if field in _VERSIONS or (_GONE in one) != (_GONE in other):
        return False
    one, other = one.replace(_GONE, ""), other.replace(_GONE, "")
    for kind in (_ID, _TIME):
        if all(map(kind.fullmatch, (*one.split(", "), *other.split(", ")))):
            return True
    try:
        urls = [urlsplit(one), urlsplit(other)]
    except ValueError:
        return False
    return all(url.scheme and url.netloc for url in urls) and (
        urls[0]._replace(netloc="") == urls[1]._replace(netloc="")
    )


def _describe(span: Span, missing: Collection[str], *, attributes: bool) -> dict[str, str]:
    """Fields that every span has, then its attributes by name."""
    resource = span["resource"]

    def name(span_id: str) -> str:
        return span_id + (_GONE if span_id in missing else "")

    fixed = {
        "parent": name(span["parent_span_id"]) if span["parent_span_id"] else _NONE,
        "links": ", ".join(name(link["span_id"]) for link in span["links"]) or _NONE,
        "span name": span["name"],
        "kind": span["kind"].lower(),
        "service version": span["service_version"] or "not recorded",
        "instrumentation": _versioned(span["scope"]["name"], span["scope"]["version"]),
        "SDK": _versioned(
            resource.get("telemetry.sdk.language"), resource.get("telemetry.sdk.version")
        ),
        "tracestate": span["trace_state"] or _NONE,
    }
    own = sorted(span["attributes"].items()) if attributes else ()
    told = fixed | {name: say_value(value) for name, value in own}
    return {name: cut_text(text, _LONGEST) for name, text in told.items()}


def _versioned(name: Any, version: Any) -> str:
    return f"{name or 'unnamed'} {version or ''}".strip()
