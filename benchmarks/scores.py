"""How good answers are, in shares of right ones. Pure functions of a comparison with the truth.

`sample_data/recordings/README.md` describes the fields of the truth.
"""

from dataclasses import dataclass, fields
from typing import Any

from tests.golden.truth import Comparison, can_be_found, ids_of

# What both ends share that names one candidate.
_NAMING_ONE = {"id", "business"}


@dataclass(frozen=True, slots=True)
class Share:
    """`right` of `of`; of nothing there is no share."""

    right: int = 0
    of: int = 0

    def __add__(self, other: "Share") -> "Share":
        return Share(self.right + other.right, self.of + other.of)

    def __str__(self) -> str:
        return f"{self.right}/{self.of}" if self.of else "·"

    @property
    def percent(self) -> str:
        return f"{100 * self.right / self.of:.1f} %" if self.of else "·"


_NONE = Share()


@dataclass(frozen=True, slots=True)
class Score:
    """`TITLES` names the figures for people, in the same order."""

    precision: Share = _NONE
    """Of the drawn connections, those that a delivery explains."""
    recall: Share = _NONE
    """Of the deliveries with both ends in the data, those that a connection shows."""
    named: Share = _NONE
    """Recall of those that nothing states, but an id of both ends that names one candidate."""
    unstated: Share = _NONE
    """Recall of all that neither a parent nor a link states."""
    ends: Share = _NONE
    """Of the deliveries found, those shown between the very end points."""
    orphan_precision: Share = _NONE
    orphan_recall: Share = _NONE
    cause: Share = _NONE
    """Of the orphan roots found, those with the true cause."""
    cause_or_alike: Share = _NONE
    """… or one that the spans cannot tell from it."""

    def __add__(self, other: "Score") -> "Score":
        return Score(
            *(getattr(self, each.name) + getattr(other, each.name) for each in fields(Score))
        )

    def shares(self) -> list[Share]:
        """In the order of `TITLES`."""
        return [getattr(self, each.name) for each in fields(self)]


TITLES = (
    "connections right",
    "hand-overs found",
    "sharing an id",
    "not stated",
    "exact ends",
    "orphans right",
    "orphans found",
    "cause",
    "cause or alike",
)


def score(comparison: Comparison) -> Score:
    found = [edge for edge, _ in comparison.found_edges if can_be_found(edge)]
    missed = comparison.missed_edges
    right = {(c.producer, c.consumer) for _, c in comparison.found_edges}
    exact = [
        (connection.producer, connection.consumer)
        == (ids_of(edge["producer"]), ids_of(edge["consumer"]))
        for edge, connection in comparison.found_edges
    ]
    causes = [
        (orphan.cause == lost["cause"], orphan.cause in lost["also_ok"])
        for lost, orphan in comparison.found_orphans
    ]
    orphans = len(causes)

    def recall(kept: Any) -> Share:
        hits, misses = sum(map(kept, found)), sum(map(kept, missed))
        return Share(hits, hits + misses)

    return Score(
        precision=Share(len(right), len(right) + len(comparison.wrong_edges)),
        recall=recall(lambda _: True),
        named=recall(lambda edge: _is_unstated(edge) and edge["shared"] in _NAMING_ONE),
        unstated=recall(_is_unstated),
        ends=Share(sum(exact), len(exact)),
        orphan_precision=Share(orphans, orphans + len(comparison.false_orphans)),
        orphan_recall=Share(orphans, orphans + len(comparison.missed_orphans)),
        cause=Share(sum(true for true, _ in causes), orphans),
        cause_or_alike=Share(sum(true or alike for true, alike in causes), orphans),
    )


def _is_unstated(edge: dict[str, Any]) -> bool:
    return edge["relation"] not in {"parent", "link"} or edge["cause"] is not None
