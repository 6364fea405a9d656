"""What a check finds. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from web.shapes import Group, Orphan
from web.words import stable_key

EXPECTATION = "expectation"
"""The code of an expectation that was not met; beside those of the causes."""

# Of the kind of hand-over that an orphan root and a group of them belong to.
_HOP = (
    "environment",
    "service_namespace",
    "system",
    "destination",
    "scope",
    "consumer_group",
)
_Hop = tuple[str | None, ...]

KNOWN_BY = (
    "code",
    "service_namespace",
    "service_name",
    "system",
    "destination",
    "consumer_group",
    "span_name",
)
"""What is the same in every recording of the same fault: neither ids nor times, nor how often
it was seen, nor the environment that it was seen in."""
Known = tuple[str | None, ...]
"""The values of these fields."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An orphan root, or an expectation that was not met."""

    code: str
    title: str
    confidence: float
    expected: bool
    fix: str
    trace_id: str | None
    span_id: str | None
    service_name: str | None
    """Of the consumer."""
    destination: str | None
    service_namespace: str | None = None
    environment: str | None = None
    system: str | None = None
    consumer_group: str | None = None
    span_name: str | None = None
    producer_service: str | None = None
    """Where one is known; several are joined by " or "."""
    is_send: bool = False
    """It lost the work it belongs to; nobody took its message yet."""

    @property
    def known_as(self) -> Known:
        return tuple(getattr(self, name) for name in KNOWN_BY)

    @property
    def fingerprint(self) -> str:
        return stable_key(*self.known_as)

    @property
    def order(self) -> tuple[str, ...]:
        """Findings of one fault beside one another, whatever the order of the requests."""
        at = (self.environment, self.trace_id, self.span_id)
        return tuple(text or "" for text in (*self.known_as, *at))


def list_findings(orphans: Iterable[Orphan], groups: Iterable[Group]) -> list[Finding]:
    """One for each orphan root, in their order. Groups tell the producers."""
    producers = _producers(groups)
    found = (_finding(orphan, producers.get(_kind(orphan), ())) for orphan in orphans)
    return sorted(found, key=lambda finding: finding.order)


def _finding(orphan: Orphan, producers: Sequence[str]) -> Finding:
    cause = orphan["cause"]
    return Finding(
        code=cause["code"],
        title=cause["title"],
        confidence=cause["confidence"],
        expected=orphan["expected"],
        fix=cause["fix"],
        trace_id=orphan["trace_id"],
        span_id=orphan["span_id"],
        service_name=orphan["service_name"],
        destination=orphan["destination"],
        service_namespace=orphan["service_namespace"],
        environment=orphan["environment"],
        system=orphan["system"],
        consumer_group=orphan["consumer_group"],
        span_name=orphan["span_name"],
        producer_service=" or ".join(producers) or None,
        is_send=orphan["is_send"],
    )


def _producers(groups: Iterable[Group]) -> dict[_Hop, list[str]]:
    found: dict[_Hop, set[str]] = {}
    for group in groups:
        if group["producer_service"]:
            kind = _kind(group, service="consumer_service")
            found.setdefault(kind, set()).add(group["producer_service"])
    return {kind: sorted(services) for kind, services in found.items()}


def _kind(row: Mapping[str, Any], *, service: str = "service_name") -> _Hop:
    return row["cause"]["code"], row[service], *(row[name] for name in _HOP)
