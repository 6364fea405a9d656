"""Counters and gauges as OpenMetrics text.

Format: https://prometheus.io/docs/specs/om/open_metrics_spec/ (1.0).
"""

import re
from collections.abc import Mapping

from storage.contract import StoreStatus

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_GAUGES = {
    "spans": "Stored spans.",
    "traces": "Stored traces.",
    "pending_spans": "Stored spans that the analyzer has not taken into account yet.",
    "generation": "Number of the last append that stored something.",
    "analysed_generation": "Number of the last append that is analysed.",
}


def openmetrics_text(status: StoreStatus, counters: Mapping[str, float], version: str) -> str:
    """`counters` are monotonic, by name without prefix and without `_total`."""
    lines = [
        "# TYPE tracestitch_build info",
        "# HELP tracestitch_build The running version.",
        f'tracestitch_build_info{{version="{_label(version)}",store="{_label(status.engine)}"}} 1',
    ]
    for name, meaning in _GAUGES.items():
        lines += [
            f"# TYPE tracestitch_{name} gauge",
            f"# HELP tracestitch_{name} {meaning}",
            f"tracestitch_{name} {getattr(status, name)}",
        ]
    for name, value in sorted(counters.items()):
        family = "tracestitch_" + re.sub(r"\W", "_", name, flags=re.ASCII).removesuffix("_total")
        lines += [f"# TYPE {family} counter", f"{family}_total {value}"]
    return "\n".join([*lines, "# EOF", ""])


def _label(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
