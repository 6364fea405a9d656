"""What is counted and measured, as OpenMetrics text.

Format: https://prometheus.io/docs/specs/om/open_metrics_spec/ (1.0). Every name stands in
docs/operations.md.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from collector.measures import COUNTERS, GAUGES, HISTOGRAMS, Histogram, Reading
from storage.contract import StoreStatus, StoreUsage
from storage.partition_progress import PartitionStatus
from web.monitoring.edge_figures import EdgeFigures
from web.monitoring.edge_metrics import describe_edges
from web.monitoring.measured import Measured, PassTimes, TransportCounts

CONTENT_TYPE = CONTENT_TYPE_LATEST

_PREFIX = "tracestitch_"
_UNITS = ("bytes", "seconds")
_STATUS = {
    "spans": "Stored spans.",
    "traces": "Stored traces.",
    "pending_spans": "Stored spans that the analyzer has not taken into account yet.",
    "generation": "Number of the last append that stored something.",
    "analysed_generation": "Number of the last append that is analysed.",
}
# "log" alone could be the store's.
_RENAMED = {
    "log_bytes": "request_log_bytes",
    "log_seconds": "request_log_seconds",
    "log_failures": "request_log_failures",
}


class _Families(Collector):
    """Families that stand already, as something to render."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def openmetrics_text(
    version: str,
    engine: str,
    status: StoreStatus | None,
    usage: StoreUsage,
    measured: Measured,
    edges: tuple[EdgeFigures, float] | None,
) -> bytes:
    """`status` and `edges` (figures and their age in seconds) are None while the store cannot
    be read: that is when the rest is wanted."""
    build = InfoMetricFamily(f"{_PREFIX}build", "The running version.")
    build.add_metric([], {"version": version, "store": engine})
    families = [build, *_describe_status(status), *_describe_usage(usage)]
    families += _describe_transports(measured.transports)
    families.append(_describe_http(measured.http_answers))
    families.append(_describe_dropped(measured.dropped))
    families += _describe_pipeline(measured.pipeline)
    families += _describe_analysis(measured.analysis)
    families.append(_describe_deleted(measured.deleted))
    if edges is not None:
        families += describe_edges(_PREFIX, *edges)
    if measured.unauthenticated is not None:
        meaning = "Requests without the token that is asked for, on every listener."
        families.append(_counter("requests_unauthenticated", meaning, measured.unauthenticated))
    text: bytes = generate_latest(_Families(families))  # type: ignore[no-untyped-call] # has no annotations
    return text


def _describe_status(status: StoreStatus | None) -> Iterator[Metric]:
    if status is not None:
        for name, meaning in _STATUS.items():
            yield _gauge(name, meaning, getattr(status, name))
        yield from _describe_partitions(status.partitions)


def _describe_partitions(partitions: Iterable[PartitionStatus]) -> Iterator[Metric]:
    analysed = GaugeMetricFamily(
        f"{_PREFIX}partition_analysed_generation",
        "Number of the last append up to which an analyzer has answered its traces.",
        labels=["partition"],
    )
    running = GaugeMetricFamily(
        f"{_PREFIX}partition_analyzers",
        "Analyzers of a partition that were heard of: 1, or 0 where none runs.",
        labels=["partition"],
    )
    for each in partitions:
        analysed.add_metric([str(each.partition)], each.analysed)
        running.add_metric([str(each.partition)], int(each.is_held))
    yield analysed
    yield running


def _describe_usage(usage: StoreUsage) -> Iterator[Metric]:
    yield _gauge("store_file_bytes", "Size of the store's file.", usage.file_bytes)
    meaning = "How much of it is in use; the rest is free for what comes."
    yield _gauge("store_used_bytes", meaning, usage.used_bytes)
    yield _gauge("store_log_bytes", "Size of the store's write-ahead log.", usage.log_bytes)
    yield SummaryMetricFamily(
        f"{_PREFIX}checkpoint_seconds",
        "Checkpoints, which move the store's write-ahead log into its file.",
        count_value=usage.checkpoints,
        sum_value=usage.checkpoint_seconds,
        unit="seconds",
    )


def _describe_transports(transports: Mapping[str, TransportCounts]) -> Iterator[Metric]:
    meanings = {
        "requests": "Trace requests that were read, by transport.",
        "request_bytes": "Their bytes, uncompressed.",
        "refused": "Those that were answered with an error.",
    }
    for name, meaning in meanings.items():
        family = CounterMetricFamily(
            f"{_PREFIX}otlp_{'requests_refused' if name == 'refused' else name}",
            meaning,
            labels=["transport"],
            unit=_unit(name),
        )
        for transport, counts in transports.items():
            family.add_metric([transport], getattr(counts, name))
        yield family


def _describe_http(answers: Mapping[int, int]) -> Metric:
    meaning = "Answers over HTTP to OTLP requests of any kind, by status code."
    family = CounterMetricFamily(f"{_PREFIX}otlp_http_answers", meaning, labels=["code"])
    for code, count in sorted(answers.items()):
        family.add_metric([str(code)], count)
    return family


def _describe_dropped(dropped: Mapping[str, int]) -> Metric:
    meaning = "Data points and log records that arrived and are not kept."
    family = CounterMetricFamily(f"{_PREFIX}otlp_items_dropped", meaning, labels=["signal"])
    for signal, count in dropped.items():
        family.add_metric([signal], count)
    return family


def _describe_pipeline(reading: Reading | None) -> Iterator[Metric]:
    if reading is None:
        return
    for name, meaning in COUNTERS.items():
        yield _counter(_RENAMED.get(name, name), meaning, reading.counters[name])
    refused = CounterMetricFamily(
        f"{_PREFIX}requests_refused",
        "Requests refused by the intake, by reason.",
        labels=["reason"],
    )
    for reason, count in reading.refused.items():
        refused.add_metric([reason], count)
    yield refused
    for name, meaning in GAUGES.items():
        yield _gauge(_RENAMED.get(name, name), meaning, reading.gauges[name])
    for name, meaning in HISTOGRAMS.items():
        yield _histogram(_RENAMED.get(name, name), meaning, reading.histograms[name])


def _describe_analysis(times: PassTimes | None) -> Iterator[Metric]:
    if times is None:
        return
    yield SummaryMetricFamily(
        f"{_PREFIX}analysis_pass_seconds",
        "Passes of the analysis over new spans.",
        count_value=times.count,
        sum_value=times.seconds,
        unit="seconds",
    )
    meaning = "How long the last of them took."
    yield _gauge("analysis_last_pass_seconds", meaning, times.last_seconds)


def _describe_deleted(deleted: Mapping[str, int]) -> Metric:
    meaning = "Spans that retention deleted, by what they were too much of."
    family = CounterMetricFamily(f"{_PREFIX}spans_deleted", meaning, labels=["reason"])
    for reason, count in deleted.items():
        family.add_metric([reason], count)
    return family


def _counter(name: str, meaning: str, value: float) -> Metric:
    return CounterMetricFamily(f"{_PREFIX}{name}", meaning, value=value, unit=_unit(name))


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{_PREFIX}{name}", meaning, value=value, unit=_unit(name))


def _histogram(name: str, meaning: str, histogram: Histogram) -> Metric:
    bounds = [*map(str, histogram.bounds), "+Inf"]
    return HistogramMetricFamily(
        f"{_PREFIX}{name}",
        meaning,
        buckets=list(zip(bounds, accumulate(histogram.counts), strict=True)),
        sum_value=histogram.total,
        unit=_unit(name),
    )


def _unit(name: str) -> str:
    """OpenMetrics: a family of a unit ends in its name."""
    return next((unit for unit in _UNITS if name.endswith(f"_{unit}")), "")
