"""What a search found: traces, and the journeys that they are of.

All functions block on the store.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

import pyarrow as pa

from analyzer.ancestry import TraceId
from storage.contract import Page, SearchQuery, SpanStore
from storage.join_keys import hash_key
from storage.results import Row
from web.answers import is_correlation_key
from web.errors import NotFoundError
from web.paging import read_page
from web.rows import trace_hex, trace_table
from web.shapes import CorrelationId
from web.trace_shapes import JourneysAndTraces, JourneySummary, Traces, TraceSummary

# A value that more traces carry is no journey's own; only those found are told of it.
MOST_TRACES = 50

Id = tuple[str, str]


def search_answer(
    store: SpanStore, query: SearchQuery, page: Page, scan: int | None = None
) -> Traces:
    """Traces, the one with the newest span that is asked for first. Raises NotFoundError for a
    correlation id that nothing carries."""
    found, _ = _search(store, query, page, scan)
    return found


def journeys_and_traces(
    store: SpanStore, query: SearchQuery, page: Page, scan: int | None = None
) -> JourneysAndTraces:
    """The same, and the journeys of these traces."""
    found, back_to = _search(store, query, page, scan)
    journeys = list_journeys(store, found["traces"], query.attributes)
    return {"journeys": journeys, **found, "searched_back_to": back_to}


def _search(
    store: SpanStore, query: SearchQuery, page: Page, scan: int | None
) -> tuple[Traces, int | None]:
    rows = read_page(lambda asked: store.search(query, asked, scan), page)
    if rows.table.num_rows == 0:
        for key, value in query.attributes:
            if (
                is_correlation_key(store, key)
                and store.spans_with_correlation(key, value).num_rows == 0
            ):
                raise NotFoundError("attribute", f"No stored span carries {key} = {value}.")
    carried = _carried(store, rows.table)
    traces = [_summary(row, carried[_trace(row)]) for row in rows.table.to_pylist()]
    return {"traces": traces, "next_cursor": rows.next}, rows.back_to


def list_journeys(
    store: SpanStore, found: Sequence[TraceSummary], asked: Collection[Id] = ()
) -> list[JourneySummary]:
    """One for each correlation id that the found traces carry, in their order; ids that the
    same traces carry are one. An id that was asked for is the name of its journey, else one of
    the work before one of a message. A value that some of a journey's traces carry under
    another key, as the key of one of its messages, is no journey beside it."""
    ids = {(each["key"], each["value"]) for trace in found for each in trace["correlation"]}
    if not ids:
        return []
    own = trace_table([_parse(trace["trace_id"]) for trace in found])
    hot: set[int | None] = set(store.hot_keys(own, MOST_TRACES)["key_hash"].to_pylist())
    near = store.related_traces(own, MOST_TRACES)
    summaries = {_parse(trace["trace_id"]): trace for trace in found}
    rest = trace_table([each for each in map(_trace, near.to_pylist()) if each not in summaries])
    carried = _carried(store, rest)
    for row in store.summaries_of(rest).to_pylist():
        summaries[_trace(row)] = _summary(row, carried[_trace(row)])
    theirs: dict[Id, set[TraceId]] = defaultdict(set)
    for trace, summary in summaries.items():
        for pair in summary["correlation"]:
            theirs[pair["key"], pair["value"]].add(trace)
    same: dict[frozenset[TraceId], list[Id]] = defaultdict(list)
    for name in sorted(ids, key=lambda each: (each not in asked, _rank(each))):
        same[frozenset(theirs[name])].append(name)
    roots = _counts(row for row in store.orphans_of(near).to_pylist() if not row["expected"])
    dead = _counts(
        row
        for row in store.endpoints_of(near).to_pylist()
        if row["dead_letter"] and row["role"] == "process"
    )
    order = {_parse(trace["trace_id"]): place for place, trace in enumerate(found)}
    journeys = [
        _journey(names, {trace: summaries[trace] for trace in traces}, roots, dead, hot)
        for traces, names in same.items()
        if traces and not _is_part(traces, names, same, asked)
    ]
    last = len(order)
    return sorted(
        journeys, key=lambda each: min(order.get(_parse(t), last) for t in each["trace_ids"])
    )


def _is_part(
    traces: frozenset[TraceId],
    names: list[Id],
    same: dict[frozenset[TraceId], list[Id]],
    asked: Collection[Id],
) -> bool:
    """Whether everything it would tell is told of a larger journey with the same value."""
    wider = {value for more, larger in same.items() if traces < more for _, value in larger}
    return all(name[1] in wider and name not in asked for name in names)


def _rank(name: Id) -> tuple[bool, Id]:
    return name[0].startswith("messaging."), name


def _journey(
    names: list[Id],
    summaries: dict[TraceId, TraceSummary],
    roots: dict[TraceId, int],
    dead: dict[TraceId, int],
    hot: Collection[int | None],
) -> JourneySummary:
    (key, value), *others = names
    rows = sorted(
        summaries.values(), key=lambda row: (row["start_time_unix_nano"], row["trace_id"])
    )
    start = rows[0]["start_time_unix_nano"]
    end = max(row["end_time_unix_nano"] for row in rows)
    return {
        "key": key,
        "value": value,
        "other_ids": [{"key": each[0], "value": each[1]} for each in others],
        "trace_ids": [row["trace_id"] for row in rows],
        "complete": hash_key("correlation", key, value) not in hot,
        "services": sorted({name for row in rows for name in row["services"]}),
        "span_count": sum(row["span_count"] for row in rows),
        "error_count": sum(row["error_count"] for row in rows),
        "orphans": sum(roots.get(trace, 0) for trace in summaries),
        "dead_letters": sum(dead.get(trace, 0) for trace in summaries),
        "start_time_unix_nano": start,
        "end_time_unix_nano": end,
        "duration_nano": end - start,
    }


def _counts(rows: Iterable[Row]) -> dict[TraceId, int]:
    counts: dict[TraceId, int] = defaultdict(int)
    for row in rows:
        counts[_trace(row)] += 1
    return counts


def _carried(store: SpanStore, traces: pa.Table) -> dict[TraceId, list[CorrelationId]]:
    carried: dict[TraceId, list[CorrelationId]] = defaultdict(list)
    for row in store.correlation_of(traces.select(["trace_hi", "trace_lo"])).to_pylist():
        carried[_trace(row)].append({"key": row["key"], "value": row["value"]})
    return carried


def _summary(row: Row, correlation: list[CorrelationId]) -> TraceSummary:
    return {
        "trace_id": trace_hex(*_trace(row)),
        "root": {"span_name": row["root_name"], "service_name": row["root_service_name"]},
        "services": row["service_names"],
        "span_count": row["span_count"],
        "error_count": row["error_count"],
        "start_time_unix_nano": row["start_time_unix_nano"],
        "end_time_unix_nano": row["end_time_unix_nano"],
        "duration_nano": row["end_time_unix_nano"] - row["start_time_unix_nano"],
        "correlation": correlation,
    }


def _trace(row: Row) -> TraceId:
    return row["trace_hi"], row["trace_lo"]


def _parse(trace_id: str) -> TraceId:
    return int(trace_id[:16], 16), int(trace_id[16:], 16)
