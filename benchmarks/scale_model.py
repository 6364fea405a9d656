"""What a day of spans takes in a cluster: cores, memory, disk, network and money, from what one
span costs each role.

    python -m benchmarks.scale_model

prints the tables of docs/scale.md, which says how the figures of MEASURED were measured. Those
of ASSUMED are choices: change them to yours.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

DAY = 86_400
GIGA = 1e9
MICRO = 1e-6
ROWS = {
    "10 M": 10_000_000,
    "100 M": 100_000_000,
    "1 G": 1_000_000_000,
    "10 G": 10_000_000_000,
    "86.4 G": 86_400_000_000,
}
"""Spans a day; the last is a million a second."""


@dataclass(frozen=True, slots=True)
class Line:
    """CPU seconds of work of which every commit or pass has a part, and every span."""

    each: float
    span: float

    def seconds(self, spans: float, batches: float) -> float:
        return self.each * batches + self.span * spans


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU seconds and bytes, of the benchmark's spans (benchmarks/workload.py)."""

    intake: float
    """Receiving and decoding a span, in the collector."""
    append: Line
    """A commit, in the collector."""
    append_engine: Line
    """The same in ClickHouse, merges included."""
    analysis: Line
    """A pass, in the analyzer."""
    analysis_engine: Line
    """The same in ClickHouse, merges included."""
    finding: float
    """Share of the spans' part of a pass that each partition does for all new spans: finding
    what is near its own traces."""
    near: float
    """Traces that are looked at together: a span is read by each partition that owns one."""
    journey: float
    """A journey that is looked up by a key, in the web server."""
    journey_engine: float
    disk_spans: float
    """Bytes a span without answers."""
    disk_answers: float
    wire_in: float
    """Bytes a span as OTLP, not compressed."""
    wire_insert: float
    """Bytes a span from the collector to ClickHouse."""
    pass_spans: int = 50_000
    """A pass of one partition takes no more (tracestitch/analysis.py), if it can."""
    commit_spans: int = 122_880
    """A commit has no more (storage/schema.py: ROW_GROUP)."""


@dataclass(frozen=True, slots=True)
class Assumed:
    peak: float = 3.0
    """The busiest minutes, as a multiple of the average."""
    busy: float = 0.6
    """Share of the cores that is used at the peak."""
    days: int = 7
    replicas: int = 2
    """Of ClickHouse; each inserts and merges everything."""
    disk_used: float = 0.7
    """Share of a disk: merges need room."""
    commits: float = 2.0
    """A second, of all collectors of a store, as long as they are not full."""
    most_partitions: int = 8
    """Of a store: each further one does more that others do too."""
    journeys: float = 5.0
    """Looked up in a second, however many spans there are."""
    memory: float = 4.0
    """GB a core, as machines are sold."""
    core_month: float = 25.0
    """Dollars, with its memory."""
    disk_month: float = 0.08
    """Dollars a GB."""


@dataclass(frozen=True, slots=True)
class Plan:
    """At the peak, but for the disk."""

    rate: float
    """Spans a second."""
    stores: int
    """Databases that know nothing of each other: a journey lies in one."""
    partitions: int
    """Of each store: analyzers."""
    collector: float
    """Cores, as all of these."""
    analyzer: float
    web: float
    clickhouse: float
    """Of all replicas."""
    memory: float
    """GB."""
    disk: float
    """GB, of all replicas."""
    network: float
    """GB a second, in and out of the collectors, and between replicas."""
    dollars: float
    """A month."""

    @property
    def cores(self) -> float:
        return self.collector + self.analyzer + self.web + self.clickhouse


def plan(spans_a_day: float, costs: Costs, assumed: Assumed) -> Plan:
    rate = spans_a_day / DAY * assumed.peak
    stores, partitions = split(rate, costs, assumed)
    each = rate / stores
    commits = max(assumed.commits, each / costs.commit_spans)
    analysis, analysis_engine = use_analysis(each, partitions, costs)
    inserts = assumed.replicas * costs.append_engine.seconds(each, commits)
    collector, analyzer, web, clickhouse = (
        used / assumed.busy
        for used in (
            costs.intake * rate + costs.append.seconds(rate, commits * stores),
            analysis * stores,
            costs.journey * assumed.journeys,
            (inserts + analysis_engine) * stores + costs.journey_engine * assumed.journeys,
        )
    )
    cores = math.ceil(collector + analyzer + web + clickhouse)
    span = costs.disk_spans + costs.disk_answers
    disk = spans_a_day * assumed.days * span * assumed.replicas / assumed.disk_used / GIGA
    wire = costs.wire_in + costs.wire_insert + (assumed.replicas - 1) * span
    return Plan(
        rate=rate,
        stores=stores,
        partitions=partitions,
        collector=collector,
        analyzer=analyzer,
        web=web,
        clickhouse=clickhouse,
        memory=cores * assumed.memory,
        disk=disk,
        network=rate * wire / GIGA,
        dollars=cores * assumed.core_month + disk * assumed.disk_month,
    )


def split(rate: float, costs: Costs, assumed: Assumed) -> tuple[int, int]:
    """The fewest stores, and the fewest partitions of each, in which analyzers of one core keep
    up."""
    stores = 0
    while True:
        stores += 1
        for partitions in range(1, assumed.most_partitions + 1):
            used, _ = use_analysis(rate / stores, partitions, costs)
            if used / partitions <= assumed.busy:
                return stores, partitions


def use_analysis(rate: float, partitions: int, costs: Costs) -> tuple[float, float]:
    """CPU seconds a second of all analyzers, and of ClickHouse for them. An analyzer of one of
    `n` partitions takes n times as many new spans into a pass; one that keeps up makes a pass a
    second."""
    passes = max(float(partitions), rate / costs.pass_spans)
    spans = rate * repeated(partitions, costs)
    return costs.analysis.seconds(spans, passes), costs.analysis_engine.seconds(spans, passes)


def repeated(partitions: int, costs: Costs) -> float:
    """How often the spans' part of a pass is done, by all partitions together."""
    readers = partitions * (1 - math.pow(1 - 1 / partitions, costs.near))
    return costs.finding * partitions + (1 - costs.finding) * readers


MEASURED = Costs(
    intake=3.3 * MICRO,
    append=Line(57e-3, 1.6 * MICRO),
    append_engine=Line(136e-3, 6.2 * MICRO),
    analysis=Line(0.28, 6.4 * MICRO),
    analysis_engine=Line(0.75, 21.7 * MICRO),
    finding=0.25,
    near=2,
    journey=0.094,
    journey_engine=0.42,
    disk_spans=76.9,
    disk_answers=24.5,
    wire_in=408,
    wire_insert=80,
)
ASSUMED = Assumed()
_TITLES = (
    *("spans a day", "spans/s at the peak", "stores × analyzers", "cores: collectors"),
    *("analyzers", "web", "ClickHouse", "memory, GB", "disk, TB", "network, MB/s", "$ a month"),
)


def draw_table(costs: Costs = MEASURED, assumed: Assumed = ASSUMED) -> Iterator[str]:
    """Markdown."""
    yield _line(_TITLES)
    yield "|" + "---|" * len(_TITLES)
    for title, spans in ROWS.items():
        each = plan(spans, costs, assumed)
        yield _line(
            (
                *(title, f"{each.rate:,.0f}", f"{each.stores} × {each.partitions}"),
                *map(_cores, (each.collector, each.analyzer, each.web, each.clickhouse)),
                *(f"{each.memory:,.0f}", f"{each.disk / 1e3:,.2f}"),
                *(f"{each.network * 1e3:,.1f}", f"{each.dollars:,.0f}"),
            )
        )


def draw_costs(costs: Costs = MEASURED) -> Iterator[str]:
    """Markdown."""
    yield _line(("what", "in the client", "in ClickHouse, merges included"))
    yield "|---|---|---|"
    yield _line(("receiving and decoding a span (`intake`)", _micro(costs.intake), "–"))
    for name, client, engine in (
        ("commit (`append`)", costs.append, costs.append_engine),
        ("pass (`analysis`)", costs.analysis, costs.analysis_engine),
    ):
        yield _line((f"a {name}, `each`", _milli(client.each), _milli(engine.each)))
        yield _line(("… a span of it, `span`", _micro(client.span), _micro(engine.span)))
    journey = _milli(costs.journey), _milli(costs.journey_engine)
    yield _line(("a journey by order id (`journey`)", *journey))
    sizes = f"{costs.disk_spans:.0f} and {costs.disk_answers:.0f} bytes a span"
    yield _line(("disk, spans and answers", "–", sizes))
    wire = f"{costs.wire_in:.0f} bytes a span in, {costs.wire_insert:.0f} out"
    yield _line(("network of a collector", wire, "–"))


def _micro(seconds: float) -> str:
    return f"{seconds / MICRO:.1f} µs"


def _milli(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms"


def _cores(number: float) -> str:
    return f"{number:,.1f}" if number < 10 else f"{number:,.0f}"


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    print("\n".join([*draw_table(), "", *draw_costs()]))


if __name__ == "__main__":
    main()
