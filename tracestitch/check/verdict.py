"""Which findings count. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from tracestitch.check.baseline import sort_entries, tell_entry
from tracestitch.check.expectations import Outcome, judge_expectation
from tracestitch.check.findings import EXPECTATION, Finding, Known, list_findings
from tracestitch.check.settings import Settings
from web.shapes import Edge, Group, Orphan
from web.words import say_plural

Reason = Literal["expected", "allowed", "baseline"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a server or an analysed store answered, whole."""

    spans: int
    traces: int
    orphans: Sequence[Orphan] = ()
    groups: Sequence[Group] = ()
    edges: Sequence[Edge] = ()
    remarks_pending: bool = False
    """The server left them out of the edges."""

    @property
    def hand_overs(self) -> int:
        return sum(edge["count"] for edge in self.edges)

    @property
    def propagated(self) -> int:
        return sum(edge["connected"] for edge in self.edges)


@dataclass(frozen=True, slots=True)
class Verdict:
    seen: Seen
    findings: tuple[Finding, ...]
    """What fails the check, in an order of their own."""
    quiet: tuple[tuple[Finding, Reason], ...]
    """Orphan roots and expectations that do not."""
    outcomes: tuple[Outcome, ...]
    """Of all expectations."""
    remarks: tuple[str, ...] = ()
    """Sentences; they never fail a check."""

    @property
    def expectations_missed(self) -> int:
        return sum(finding.code == EXPECTATION for finding in self.findings)

    @property
    def orphan_roots(self) -> int:
        """Those that count."""
        return len(self.findings) - self.expectations_missed

    @property
    def counts(self) -> dict[str, int]:
        """Of quiet ones, by reason."""
        counts = Counter(reason for _, reason in self.quiet)
        return {reason: counts[reason] for reason in get_args(Reason)}


def judge(seen: Seen, settings: Settings, known: frozenset[Known]) -> Verdict:
    outcomes = tuple(
        judge_expectation(asked, seen.edges, seen.groups, strict=settings.strict)
        for asked in sorted(settings.expectations)
    )
    missed = [outcome.missed for outcome in outcomes if outcome.missed is not None]
    found = [*list_findings(seen.orphans, seen.groups), *missed]
    judged = [(finding, _reason(finding, settings, known)) for finding in found]
    quiet = tuple((finding, reason) for finding, reason in judged if reason is not None)
    return Verdict(
        seen=seen,
        findings=tuple(finding for finding, reason in judged if reason is None),
        quiet=quiet,
        outcomes=outcomes,
        remarks=tuple(_remark(seen, found, settings, known)),
    )


def _reason(finding: Finding, settings: Settings, known: frozenset[Known]) -> Reason | None:
    """Why it does not count. None when it does."""
    if finding.expected and not settings.strict:
        return "expected"
    if finding.code in settings.allowed:
        return "allowed"
    return "baseline" if finding.known_as in known else None


def _remark(
    seen: Seen, found: Sequence[Finding], settings: Settings, known: frozenset[Known]
) -> Iterable[str]:
    if not seen.edges:
        yield "No hand-over of a message was seen: were the services' spans recorded?"
    if seen.remarks_pending:
        yield "The server still works out its remarks on hand-overs: they are missing here."
    codes = {finding.code for finding in found}
    for code in sorted(settings.allowed):
        if code not in codes:
            yield f"No orphan root has the allowed cause {code}."
    gone = known - {finding.known_as for finding in found}
    for entry in sort_entries(gone):
        yield f"The baseline names what was not found again: {tell_entry(entry)}."
    for edge in sorted(seen.edges, key=_order):
        name = _tell(edge)
        silent = edge["count"] - edge["connected"] - _count_orphans(edge, seen.groups)
        if silent > 0:
            yield (
                f"{name}: {silent} of {say_plural(edge['count'], 'message')} brought no context, "
                "and their consumers continue others."
            )
        for note in edge["notes"]:
            yield f"{name}: {note['code']} {note['title']} ({note['count']})."


def _count_orphans(edge: Edge, groups: Sequence[Group]) -> int:
    """Scopes and groups of consumers are not compared: only one of both may know them."""
    names: tuple[Literal["destination", "consumer_service"], ...]
    names = ("destination", "consumer_service")
    return sum(
        group["count"] for group in groups if all(group[name] == edge[name] for name in names)
    )


def _tell(edge: Edge) -> str:
    ends = (edge["producer_service"], edge["destination"], edge["consumer_service"])
    return " → ".join(end or "unknown" for end in ends)


def _order(edge: Edge) -> list[str]:
    names = ("producer_service", "system", "destination", "scope", "consumer_service")
    return [str(edge.get(name) or "") for name in (*names, "consumer_group", "environment")]
