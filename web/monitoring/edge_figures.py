"""Figures of hand-overs and orphan roots for monitoring: by edge, and never more than so many.

Series cost whoever stores them, and names come from outside: the busiest edges have series
of their own, the rest are one, and names are cut.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from storage.results import EDGE_KEY
from web.site import Site

MOST_EDGES = 200
MOST_ORPHAN_GROUPS = 400
LONGEST_LABEL = 100
OTHER = "other"
RECENT_NANO = 3_600_000_000_000

EDGE_LABELS = (
    "environment",
    "service_namespace",
    "producer_service",
    "system",
    "destination",
    "scope",
    "consumer_service",
    "consumer_group",
)
EDGE_COUNTS = ("count", "connected", "broken", "recent_connected", "recent_broken")
Labels = tuple[str, ...]
_OTHERS: Labels = (OTHER,) * len(EDGE_LABELS)


@dataclass(frozen=True, slots=True)
class EdgeFigures:
    edges: Mapping[Labels, tuple[int, ...]]
    """EDGE_COUNTS by EDGE_LABELS."""
    edges_folded: int
    """How many edges are told together as OTHER."""
    orphans: Mapping[Labels, int]
    """Roots by cause, expected, settled ("true", "false") and EDGE_LABELS."""
    orphan_groups_folded: int


def read_figures(site: Site) -> EdgeFigures:
    """Raises StoreError."""
    now, settled_before = site.clock(), site.settled_before()
    counts = site.store.handover_counts(now - RECENT_NANO, settled_before)
    return fold_figures(counts, site.store.orphan_counts(settled_before))


def fold_figures(handovers: pa.Table, orphans: pa.Table) -> EdgeFigures:
    """Tables as `handover_counts` and `orphan_counts` give them, largest first. Of orphan
    roots those that somebody should look at come first."""
    edges: dict[Labels, tuple[int, ...]] = {}
    counted = pl.DataFrame(handovers)
    rest = counted[MOST_EDGES:]
    for row in counted.head(MOST_EDGES).iter_rows(named=True):
        _add(edges, _edge_labels(row), row)
    if rest.height:
        _add(edges, _OTHERS, rest.select(pl.col(*EDGE_COUNTS).sum()).row(0, named=True))
    urgent = pl.DataFrame(orphans).sort(
        "expected", pl.col("settled_count") == 0, maintain_order=True
    )
    roots: dict[Labels, int] = defaultdict(int)
    own, folded = urgent.head(MOST_ORPHAN_GROUPS), urgent[MOST_ORPHAN_GROUPS:]
    for row in own.iter_rows(named=True):
        _add_roots(roots, row, _edge_labels(row))
    causes = folded.group_by("cause_code", "expected").agg(pl.col("count", "settled_count").sum())
    for row in causes.iter_rows(named=True):
        _add_roots(roots, row, _OTHERS)
    return EdgeFigures(
        edges=edges,
        edges_folded=rest.height,
        orphans=dict(sorted(roots.items())),
        orphan_groups_folded=folded.height,
    )


def _add(edges: dict[Labels, tuple[int, ...]], labels: Labels, row: Mapping[str, Any]) -> None:
    """Names that are cut may be the same."""
    before = edges.get(labels, (0,) * len(EDGE_COUNTS))
    edges[labels] = tuple(one + row[name] for one, name in zip(before, EDGE_COUNTS, strict=True))


def _add_roots(roots: dict[Labels, int], row: Mapping[str, Any], edge: Labels) -> None:
    cause = (_cut(row["cause_code"]), "true" if row["expected"] else "false")
    roots[(*cause, "true", *edge)] += row["settled_count"]
    roots[(*cause, "false", *edge)] += row["count"] - row["settled_count"]


def _edge_labels(row: Mapping[str, Any]) -> Labels:
    return tuple(_cut(row[name]) for name in EDGE_KEY)


def _cut(name: str | None) -> str:
    """Nothing where there is no name, which Prometheus takes for an absent label."""
    text = "".join(_printable(name or ""))
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"


def _printable(name: str) -> Iterable[str]:
    return (letter if letter.isprintable() else "\ufffd" for letter in name[: 2 * LONGEST_LABEL])
