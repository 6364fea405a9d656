"""A broken consumer beside one that connected: everything in which they differ. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from storage.correlation_keys import canonical_key
from storage.schema import MESSAGE_COLUMNS, load_attributes
from web.trace_shapes import Span
from web.words import cut_text, say_value

# What is another one in every message: attributes of these columns.
_OF_EACH_MESSAGE = frozenset(
    name for column in MESSAGE_COLUMNS for name in load_attributes()["columns"][column]["names"]
)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line: what both sides say."""

    field: str
    broken: str
    connected: str
    each: bool = False
    """Of this message alone, so that it tells nothing that it differs."""

    @property
    def differs(self) -> bool:
        return self.broken != self.connected


def compare_consumers(
    broken: Span, connected: Span, *, attributes: bool = True
) -> list[Comparison]:
    """What differs first, then what both have in common, then what each message has of its
    own. Without `attributes` only the fields that every span has."""
    sides = [_describe(span, attributes=attributes) for span in (broken, connected)]
    names = dict.fromkeys([*sides[0], *sides[1]])
    lines = [
        Comparison(
            name,
            sides[0].get(name, "none"),
            sides[1].get(name, "none"),
            each=_is_of_each_message(name) and all(name in side for side in sides),
        )
        for name in names
    ]
    return sorted(lines, key=lambda line: (line.each, not line.differs))


def split_lines(lines: Sequence[Comparison]) -> list[tuple[str, list[Comparison]]]:
    """What differs, what is alike, what each message has of its own; none that is empty."""
    split = [
        ("Differs", [line for line in lines if line.differs and not line.each]),
        ("The same on both", [line for line in lines if not line.differs]),
        ("Of each message", [line for line in lines if line.differs and line.each]),
    ]
    return [(title, members) for title, members in split if members]


def _is_of_each_message(attribute: str) -> bool:
    return attribute in _OF_EACH_MESSAGE or canonical_key(attribute) is not None


def _describe(span: Span, *, attributes: bool) -> dict[str, str]:
    """Fields that every span has, then its attributes by name."""
    resource = span["resource"]
    fixed = {
        "parent": span["parent_span_id"] or "none",
        "links": ", ".join(link["span_id"] for link in span["links"]) or "none",
        "span name": span["name"],
        "kind": span["kind"].lower(),
        "service version": span["service_version"] or "not recorded",
        "instrumentation": _versioned(span["scope"]["name"], span["scope"]["version"]),
        "SDK": _versioned(
            resource.get("telemetry.sdk.language"), resource.get("telemetry.sdk.version")
        ),
        "tracestate": span["trace_state"] or "none",
    }
    own = sorted(span["attributes"].items()) if attributes else ()
    told = fixed | {name: say_value(value) for name, value in own}
    return {name: cut_text(text, _LONGEST) for name, text in told.items()}


def _versioned(name: Any, version: Any) -> str:
    return f"{name or 'unnamed'} {version or ''}".strip()
