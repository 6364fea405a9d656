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

from analyzer.meaning import find_meanings
from analyzer.names import mark_messages, read_messages
from analyzer.places import inherit_places
from analyzer.structure import find_parents
from analyzer.tables import Tables

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
_ORDER = ["trace_hi", "trace_lo", "start_time_unix_nano", "span_id"]


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
            told.append(column[places[number]].alias(alias))
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
        places = pl.int_range(told.height, dtype=pl.UInt32, eager=True)
        place = no_rows(self.rows.height).scatter(told["row"], places)
        return told.drop("row")[place[rows]]

    def find(self, ids: pl.DataFrame) -> pl.Series:
        """`row` of the span with each of these ids (the columns of SPAN or PART), null where
        there is none."""
        wanted, names = ids.with_row_index("place"), ids.columns
        known = self.rows.select("row", *names)
        if self._told_by_span_id:
            found = wanted.select("place", "span_id").join(
                known.select("row", "span_id"), on="span_id"
            )
            places, rows = found["place"], found["row"]
            for name in names:
                if name != "span_id":
                    same = ids[name][places] == known[name][rows]
                    places, rows = places.filter(same), rows.filter(same)
        else:
            found = wanted.join(known, on=names)
            places, rows = found["place"], found["row"]
        return no_rows(ids.height).scatter(places, rows).alias("row")

    @cached_property
    def _told_by_span_id(self) -> bool:
        return _are_unique(self.rows)

    def is_in_traces(self, traces: pl.DataFrame) -> pl.Series:
        """Boolean by row, of distinct traces (trace_hi, trace_lo)."""
        firsts = self.rows.select("row", "trace", *SPAN[:2]).filter(self["row"] == self["trace"])
        found = firsts.join(traces, on=SPAN[:2], how="semi")
        return self.flag(found["row"])[self["trace"]]

    def is_role(self, role: str) -> pl.Series:
        """Boolean by row."""
        if role not in self._roles:
            same = self["role"] == role
            self._roles[role] = same.fill_null(value=False) if same.null_count() else same
        return self._roles[role]

    @cached_property
    def _roles(self) -> dict[str, pl.Series]:
        return {}

    def flag(self, rows: pl.Series) -> pl.Series:
        """Boolean by row: true for these."""
        flags = np.zeros(self.rows.height, dtype=np.bool_)
        known = rows.drop_nulls() if rows.null_count() else rows
        flags[known.to_numpy()] = True
        return pl.Series(flags)


def build_frame(tables: Tables) -> Frame:
    """The frame of a batch.

    Sorted by (trace, start, span id): the row order is a function of the set of
    spans. Of spans with the same ids one is kept, the one with the smallest
    content hash; which arrived first does not matter.
    """
    spans = tables.spans
    distinct = _are_unique(spans)
    spans = _in_order(spans if distinct else _one_of_each(spans))
    messages = mark_messages(tables.messages.select(*PART, "shape_id", "kafka_key", *_MESSAGE))
    message = _number_messages(spans, messages, told_by_id=distinct and _are_unique(messages))
    resources = _read_resources(tables)
    rows = (
        _number_traces(spans.with_row_index("row"))
        .with_columns(
            message,
            message.is_not_null().alias("marked"),
            *(messages[name][message] for name in ("shape_id", "recorded", "identified")),
            _number_of(spans["resource_id"], resources["resource_id"]).alias("resource"),
        )
        .rename({"start_time_unix_nano": "start", "end_time_unix_nano": "end"})
    )
    rows = rows.with_columns(
        pl.col("recorded", "identified").fill_null(value=False),
        *(resources[name][rows["resource"]] for name in ("world", "service")),
    )
    meaning, meanings = find_meanings(rows, tables.scopes, tables.shapes)
    rows = rows.with_columns(meaning, meanings["role"][meaning])
    rows, meanings = inherit_places(find_parents(rows), meanings)
    rows, told = _read_messages(rows, messages, meanings)
    stated = rows.select("row", "trace_state").filter(pl.col("trace_state").str.len_bytes() > 0)
    return Frame(
        rows=rows.with_columns(_work_ends(rows)).drop(
            "shape_id", "recorded", "identified", "trace_state"
        ),
        messages=told,
        meanings=meanings,
        resources=resources,
        states=stated,
    )


def no_rows(height: int) -> pl.Series:
    return pl.Series([None], dtype=pl.UInt32).new_from_index(0, height)


def _are_unique(rows: pl.DataFrame) -> bool:
    """No span id stands twice: nearly always, and quickly told."""
    return rows["span_id"].n_unique() == rows.height


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
    new = pl.col("trace_hi").ne_missing(pl.col("trace_hi").shift()) | pl.col("trace_lo").ne_missing(
        pl.col("trace_lo").shift()
    )
    return rows.with_columns(pl.when(new).then("row").forward_fill().alias("trace"))


def _number_messages(spans: pl.DataFrame, messages: pl.DataFrame, *, told_by_id: bool) -> pl.Series:
    """`message`: of each span the index of its row in `messages`, null without one."""
    numbers = messages.select(PART).with_row_index("message")
    if told_by_id:  # one column tells what belongs together
        numbers, on = numbers.select("span_id", "message"), ["span_id"]
    else:
        numbers, on = numbers.unique(PART, keep="any"), PART
    return spans.select(on).join(numbers, on=on, how="left", maintain_order="left")["message"]


def _number_of(ids: pl.Series, known: pl.Series) -> pl.Series:
    """Of each id its index in `known`, which holds them all."""
    numbers = pl.DataFrame({"id": known}).with_row_index("number")
    return pl.DataFrame({"id": ids}).join(numbers, on="id", how="left", maintain_order="left")[
        "number"
    ]


def _read_resources(tables: Tables) -> pl.DataFrame:
    """Resources with numbers for `world` and `service`: dense, and a function of the set."""
    resources = tables.resources.select("resource_id", *IDENTITY, "service_version", "sdk_language")
    for number, key in (("world", ["environment", "service_namespace"]), ("service", IDENTITY)):
        kinds = resources.select(key).unique().sort(key).with_row_index(number)
        resources = resources.join(kinds, on=key, nulls_equal=True)
    return resources


def _read_messages(
    rows: pl.DataFrame, messages: pl.DataFrame, meanings: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The messages by span row with what their columns mean, and rows numbered after them."""
    marked = rows.select("row", "message", "meaning").filter(pl.col("message").is_not_null())
    told = read_messages(
        messages.select(_MESSAGE)[marked["message"]].with_columns(
            marked["row"],
            *(meanings[name][marked["meaning"]] for name in ("system", "kafka_topic")),
        )
    ).drop("system")
    number = pl.col("marked").cum_sum().cast(pl.UInt32) - 1
    return rows.with_columns(pl.when("marked").then(number).alias("message")), told


def _work_ends(rows: pl.DataFrame) -> pl.Series:
    """`work_end`: when the last span of the local tree that a row belongs to ended."""
    tops, ends = rows["top"].to_numpy(), rows["end"].to_numpy().copy()
    latest = ends.copy()
    np.maximum.at(latest, tops, ends)
    return pl.Series("work_end", latest[tops])
