"""The working frame: one row per span, small integers instead of ids.

Rules join on `row` (the index of a span in its frame), `world` (environment and
namespace: what weaker evidence never crosses) and `service`. What many spans share, and
what only messages have, stands once beside the rows and is told where it is needed: most
spans never hand anything over.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from analyzer.meaning import IDENTIFIED, MARKED, RECORDED, code_roles, find_meanings, has_role
from analyzer.names import mark_messages, read_messages
from analyzer.places import inherit_places
from analyzer.span_ids import SpanIds, flag, no_rows
from analyzer.structure import find_parents
from analyzer.tables import Tables
from storage.arrays import begin_runs
from storage.cheap_rows import is_given, pick, places_among, where, with_series

SPAN = ["trace_hi", "trace_lo", "span_id"]
PART = [*SPAN, "content_hash"]
IDENTITY = ["service_name", "service_namespace", "environment"]

# A message's own columns that rules read.
_MESSAGE = [
    "message_id",
    "event_id",
    "sequence_number",
    "kafka_partition",
    "kafka_offset",
    "batch_count",
    "delivery_attempt",
    "invocation_id",
    "traceparent_header",
    "foreign_context_header",
]
_ORDER = ["trace_hi", "trace_lo", "start", "span_id"]
# What meanings depend on, and is read of them alone.
_UNREAD = {"shape_id", "says", "trace_state"}


@dataclass(frozen=True)
class Frame:
    """Spans with structure, role and numbers of what else is known of them.

    `rows` has one row a span and the columns `row`, `trace` (row of the trace's first
    span), ids, `start`, `end`, `kind`, `flags`, …, `world`, `service`, `role`, `marked`
    (the span has messaging attributes), what analyzer.structure.find_parents adds, and
    `message`, `meaning`, `resource`: rows of the other tables, `message` null where not
    marked.
    """

    rows: pl.DataFrame
    messages: pl.DataFrame
    """`row` of the span, `message_id`, `event_id`, `kafka_topic`, … by span row."""
    meanings: pl.DataFrame
    """What spans of one kind, name, scope and shape mean: `system`, `destination`, …"""
    resources: pl.DataFrame
    """`resource_id`, `service_name`, `service_namespace`, `environment`, …"""
    states: pl.DataFrame
    """(row, trace_state) of the spans that have one."""
    ids: SpanIds

    def __getitem__(self, name: str) -> pl.Series:
        """A column of `rows`."""
        return self.rows.get_column(name)

    def tell(self, rows: pl.Series, *names: str, **renamed: str) -> pl.DataFrame:
        """Columns of any of the tables for these rows, in their order: null where the
        span has none. Keywords give new names."""
        wanted = {name: name for name in names} | renamed
        places = {"": rows}
        told = []
        for alias, name in wanted.items():
            column, number = self._columns[name]
            if number not in places:
                places[number] = self[number][rows]
            told.append(pick(column, places[number]).alias(alias))
        return pl.DataFrame(told)

    @cached_property
    def _columns(self) -> dict[str, tuple[pl.Series, str]]:
        """Each column by its name, and the column of `rows` with the places in it; "" for
        those of `rows` itself."""
        found: dict[str, tuple[pl.Series, str]] = {}
        for table, number in (
            (self.resources, "resource"),
            (self.meanings, "meaning"),
            (self.messages, "message"),
            (self.rows, ""),
        ):
            found |= {column.name: (column, number) for column in table.get_columns()}
        return found

    def look_up(self, told: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
        """The other columns of `told` (`row`: distinct, …) for these rows, in their order:
        null where it tells nothing."""
        others = [column for column in told.get_columns() if column.name != "row"]
        if told.is_empty():
            return pl.DataFrame([_nothing(each.name, each.dtype, len(rows)) for each in others])
        places = pl.int_range(told.height, dtype=pl.UInt32, eager=True)
        place = no_rows(self.rows.height).scatter(told["row"], places)[rows]
        return pl.DataFrame([column[place] for column in others])

    def find(self, ids: pl.DataFrame) -> pl.Series:
        """`row` of the span with each of these ids (the columns of SPAN or PART), null where
        there is none."""
        return self.ids.find(ids)

    def is_in_traces(self, traces: pl.DataFrame) -> pl.Series:
        """Boolean by row, of distinct traces (trace_hi, trace_lo)."""
        firsts = where(self.rows[["row", *SPAN[:2]]], self["row"] == self["trace"])
        place = places_among(firsts["trace_lo"], traces["trace_lo"])
        if traces["trace_lo"].n_unique() == traces.height:
            found = where(firsts, traces["trace_hi"][place] == firsts["trace_hi"])
        else:
            found = firsts.join(traces, on=SPAN[:2], how="semi")
        return self.flag(found["row"])[self["trace"]]

    @cached_property
    def has_above(self) -> pl.Series:
        """Boolean by row: it has a local parent."""
        return self["above"] != self["row"]

    def is_role(self, role: str | None) -> pl.Series:
        """Boolean by row; None: it has none."""
        if role not in self._roles:
            self._roles[role] = has_role(self._role_codes, role)
        return self._roles[role]

    @cached_property
    def _role_codes(self) -> np.ndarray:
        return code_roles(self.meanings, self["meaning"])

    @cached_property
    def _roles(self) -> dict[str | None, pl.Series]:
        return {}

    def flag(self, rows: pl.Series) -> pl.Series:
        """Boolean by row: true for these."""
        return flag(self.rows.height, rows)


def _nothing(name: str, type_: pl.DataType, height: int) -> pl.Series:
    return pl.Series(name, [None], type_).new_from_index(0, height)


def build_frame(tables: Tables) -> Frame:
    """The frame of a batch.

    Sorted by (trace, start, span id): the row order is a function of the set of
    spans. Of spans with the same ids one is kept, the one with the smallest
    content hash; which arrived first does not matter.
    """
    spans = tables.spans
    ids = SpanIds(spans[PART])
    kept = _in_order(spans if ids.are_unique else _one_of_each(spans))
    if kept is not spans:
        ids = SpanIds(kept[PART])
    raw = mark_messages(tables.messages[[*PART, "shape_id", "kafka_key", *_MESSAGE]])
    messages = _by_span(raw, ids, kept.height)
    resources = _read_resources(tables)
    resource = places_among(kept["resource_id"], resources["resource_id"])
    rows = with_series(
        _number_traces(kept.with_row_index("row")),
        *_tell_kinds(messages, kept.height),
        resource=resource,
        world=resources["world"][resource],
        service=resources["service"][resource],
    )
    meaning, meanings = find_meanings(rows, tables.scopes, tables.shapes)
    rows = find_parents(with_series(rows, meaning, meanings["role"][meaning]), meanings, ids)
    rows, meanings = inherit_places(rows, meanings)
    rows = with_series(rows, _work_ends(rows))
    return Frame(
        rows=rows[[name for name in rows.columns if name not in _UNREAD]],
        messages=_read_messages(rows, messages, meanings),
        meanings=meanings,
        resources=resources,
        states=_states(rows[["row", "trace_state"]]),
        ids=ids,
    )


def _states(rows: pl.DataFrame) -> pl.DataFrame:
    """Those that have one."""
    states = rows["trace_state"]
    if states.null_count() == len(states):
        return rows.clear()
    return where(rows, states != "")


def _one_of_each(spans: pl.DataFrame) -> pl.DataFrame:
    return spans.sort(*SPAN, "content_hash").unique(SPAN, keep="first")


def _in_order(spans: pl.DataFrame) -> pl.DataFrame:
    """By trace, start and span id: as stores give them."""
    first, then = spans[:-1], spans[1:]
    behind = pl.Series([False]).new_from_index(0, len(then))
    for name in reversed(_ORDER):
        one, other = first[name], then[name]
        behind = (one > other) | ((one == other) & behind)
    return spans.sort(_ORDER) if behind.any() else spans


def _number_traces(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `trace`: the first row of each trace stands for it."""
    new = begin_runs(rows["trace_hi"].to_numpy(), rows["trace_lo"].to_numpy())
    firsts = np.where(new, rows["row"].to_numpy(), np.uint32(0))
    return with_series(rows, pl.Series("trace", np.maximum.accumulate(firsts)))


def _by_span(messages: pl.DataFrame, ids: SpanIds, spans: int) -> pl.DataFrame:
    """The messages of these spans with `row`, in its order, one each."""
    rows = ids.find(messages[PART])
    places = pl.int_range(messages.height, dtype=pl.UInt32, eager=True)
    if rows.null_count():
        found = is_given(rows)
        rows, places = rows.filter(found), places.filter(found)
    place = no_rows(spans).scatter(rows, places)
    marked = flag(spans, rows)
    kept = place.filter(marked)
    told = [pick(each, kept) for each in messages.get_columns() if each.name not in PART]
    rows = pl.int_range(spans, dtype=pl.UInt32, eager=True).filter(marked)
    return pl.DataFrame([*told, rows.alias("row")])


def _tell_kinds(messages: pl.DataFrame, spans: int) -> list[pl.Series]:
    """`message`, `marked` and what meanings depend on, by row; `shape_id` 0 where not marked."""
    rows = messages["row"]
    numbers = pl.int_range(messages.height, dtype=pl.UInt32, eager=True)
    shapes = pl.Series("shape_id", [0], pl.UInt64).new_from_index(0, spans)
    recorded, identified = (messages[name].to_numpy() for name in ("recorded", "identified"))
    says = np.zeros(spans, dtype=np.uint8)
    says[rows.to_numpy()] = (
        MARKED + recorded * np.uint8(RECORDED) + identified * np.uint8(IDENTIFIED)
    )
    return [
        no_rows(spans).scatter(rows, numbers).alias("message"),
        shapes.scatter(rows, messages["shape_id"]),
        flag(spans, rows).alias("marked"),
        pl.Series("says", says),
    ]


def _read_resources(tables: Tables) -> pl.DataFrame:
    """Resources with numbers for `world` and `service`: dense, and a function of the set."""
    resources = tables.resources[["resource_id", *IDENTITY, "service_version", "sdk_language"]]
    return with_series(
        resources,
        world=_number(resources[["environment", "service_namespace"]]),
        service=_number(resources[IDENTITY]),
    )


def _number(identities: pl.DataFrame) -> pl.Series:
    """A number for each row, the same for the same texts, in their order, null before all.
    There are few, which Python sorts before a query has begun."""
    rows = identities.rows()
    known = sorted(set(rows), key=lambda texts: [(text is not None, text) for text in texts])
    numbers = {texts: number for number, texts in enumerate(known)}
    return pl.Series([numbers[texts] for texts in rows], dtype=pl.UInt32)


def _read_messages(
    rows: pl.DataFrame, messages: pl.DataFrame, meanings: pl.DataFrame
) -> pl.DataFrame:
    """The messages with what their columns mean."""
    meaning = rows["meaning"][messages["row"]]
    told = [meanings[name][meaning] for name in ("kafka_topic", "system")]
    read = read_messages(with_series(messages[[*_MESSAGE, "row"]], *told))
    return read[[*_MESSAGE, "row", "kafka_topic"]]


def _work_ends(rows: pl.DataFrame) -> pl.Series:
    """`work_end`: when the last span of the local tree that a row belongs to ended."""
    tops, ends = rows["top"].to_numpy(), rows["end"].to_numpy()
    latest = ends.copy()
    np.maximum.at(latest, tops, ends)
    return pl.Series("work_end", latest[tops])
