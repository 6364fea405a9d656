"""Families of hand-overs and orphan roots for /metrics, see web/monitoring/metrics.py."""

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from web.monitoring.edge_figures import EDGE_COUNTS, EDGE_LABELS, EdgeFigures

_COUNTS = {
    "count": ("handovers", "Stored hand-overs, connected or not."),
    "connected": ("connected", "Those of them that a parent or a link connects."),
    "broken": ("broken", "Settled orphan roots that nobody expects."),
    "recent_connected": ("recent_connected", "Of the connected, those of the last hour."),
    "recent_broken": ("recent_broken", "Of the broken, those of the last hour."),
}
_ORPHAN_LABELS = ("cause", "expected", "settled", *EDGE_LABELS)


def describe_edges(prefix: str, figures: EdgeFigures, age_seconds: float) -> Iterator[Metric]:
    for number, name in enumerate(EDGE_COUNTS):
        suffix, meaning = _COUNTS[name]
        family = GaugeMetricFamily(f"{prefix}edge_{suffix}", meaning, labels=EDGE_LABELS)
        for labels, counts in figures.edges.items():
            family.add_metric(labels, counts[number])
        yield family
    meaning = "Edges that are too many and told together as other."
    yield GaugeMetricFamily(f"{prefix}edges_folded", meaning, value=figures.edges_folded)
    meaning = "Stored orphan roots by their cause."
    roots = GaugeMetricFamily(f"{prefix}orphans", meaning, labels=_ORPHAN_LABELS)
    for labels, count in figures.orphans.items():
        roots.add_metric(labels, count)
    yield roots
    meaning = "Groups of orphan roots that are too many and told together as other."
    yield GaugeMetricFamily(
        f"{prefix}orphan_groups_folded", meaning, value=figures.orphan_groups_folded
    )
    meaning = "How long ago the figures of edges and orphan roots were read."
    yield GaugeMetricFamily(
        f"{prefix}edge_figures_age_seconds", meaning, value=age_seconds, unit="seconds"
    )
