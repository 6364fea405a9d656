"""Who may have sent it, where no id tells: destination, name and time.

Computed when somebody looks, never stored and never drawn: a candidate is a hint for the
reader with its probability (docs/evidence.md, row "destination and time").
"""

import json
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any

import polars as pl

from analyzer.meaning import DOMAIN
from storage.schema import CONNECTIONS

WINDOW_NANO = 15 * 60 * 1_000_000_000
# The queue held this message alone, or several: then the order of sending decides.
ALONE, IN_ORDER = 0.6, 0.4

_EMPTY = pl.DataFrame(CONNECTIONS.empty_table())
_WORLD = ("environment", "service_namespace", "system")

Row = dict[str, Any]


def find_candidates(orphans: pl.DataFrame, sends: pl.DataFrame) -> pl.DataFrame:
    """CONNECTIONS rows, at most one for each orphan: the unexplained send that was next in
    turn, of the same environment, namespace and system, and of the same destination or,
    where one side names none, of the same span-name domain.

    `orphans` has the ORPHANS columns, `sends` the ENDPOINTS columns of send endpoints that
    no connection explains. Orphans with a stitched producer, with a context that points at an
    absent span, or that are sends themselves (cause P6 and the like) get none. A send older
    than WINDOW_NANO is no candidate.
    """
    roots = _open_roots(orphans)
    senders = sends.with_columns(
        domain=pl.col("span_name").str.extract(DOMAIN).str.to_lowercase()
    ).to_dicts()
    found: list[Row] = []
    done: set[tuple[int, int, int]] = set()
    # A named destination agrees, or one side names none and the domain agrees.
    for key, roots_silent, sends_silent in (
        ("destination", False, False),
        ("domain", True, None),
        ("domain", False, True),
    ):
        queues = _lines(senders, key, silent=sends_silent)
        for line, readers in _lines(roots, key, silent=roots_silent).items():
            pairs = list(_in_turn(queues.get(line, []), readers))
            found += [_row(send, root, confidence, key) for send, root, confidence in pairs]
            done |= {_id(row) for send, root, _ in pairs for row in (send, root)}
        senders = [send for send in senders if _id(send) not in done]
        roots = [root for root in roots if _id(root) not in done]
    return pl.DataFrame(found, schema=_EMPTY.schema, orient="row") if found else _EMPTY


def _open_roots(orphans: pl.DataFrame) -> list[Row]:
    read = ("own_destination", "domain", "missing", "part")
    told = pl.col("facts").str.json_decode(pl.Struct(dict.fromkeys(read, pl.String)))
    return (
        orphans.filter(pl.col("producer_span_id").is_null())
        .with_columns(
            told.struct.field("own_destination").alias("destination"),
            told.struct.field("domain"),
            told.struct.field("missing"),
            told.struct.field("part"),
        )
        .filter(pl.col("missing").is_null() & pl.col("system").is_not_null())
        .filter(pl.col("part").ne_missing("send"))
        .to_dicts()
    )


def _lines(rows: list[Row], key: str, *, silent: bool | None) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by world, system and `key`, in a fixed order; those that name a destination
    (`silent` false), that name none (true), or both (null)."""
    lines: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=_id):
        if row[key] is not None and silent in (None, row["destination"] is None):
            lines[*(row[name] for name in _WORLD), row[key]].append(row)
    return lines


def _id(row: Row) -> tuple[int, int, int]:
    return row["trace_hi"], row["trace_lo"], row["span_id"]


def _in_turn(sends: list[Row], roots: list[Row]) -> Iterator[tuple[Row, Row, float]]:
    """Queues are read in the order they were filled: the n-th send goes to the n-th root."""
    events = [(send["start_time_unix_nano"], 0, _id(send), send) for send in sends]
    events += [(root["start_time_unix_nano"], 1, _id(root), root) for root in roots]
    waiting: deque[tuple[Row, bool]] = deque()
    for now, consumes, _, row in sorted(events, key=lambda event: event[:3]):
        if not consumes:
            if waiting:
                waiting[-1] = (waiting[-1][0], False)
            waiting.append((row, not waiting))
            continue
        while waiting and now - waiting[0][0]["start_time_unix_nano"] > WINDOW_NANO:
            waiting.popleft()
        if waiting:
            send, alone = waiting.popleft()
            yield send, row, ALONE if alone else IN_ORDER


def _row(send: Row, root: Row, confidence: float, key: str) -> Row:
    field = "messaging.destination.name" if key == "destination" else "span name"
    compared = {"field": field, "producer": send[key], "consumer": root[key]}
    time = {"field": "time", "producer": "before", "consumer": "after"}
    ends: Row = {}
    for prefix, row in (("producer", send), ("consumer", root)):
        for name in ("trace_hi", "trace_lo", "span_id", "service_name", "span_name"):
            ends[f"{prefix}_{name}"] = row[name]
        for name in ("service_namespace", "environment"):
            ends[f"{prefix}_{name}"] = row[name]
    return ends | {
        "relation": "stitch",
        "rule": "destination-and-time",
        "confidence": confidence,
        "evidence": json.dumps([compared, time], ensure_ascii=False),
        "system": root["system"],
        "destination": root["destination"] or send["destination"],
        "scope": root["scope"] or send["scope"],
        "consumer_group": root["consumer_group"],
        "wait_nano": root["start_time_unix_nano"] - send["end_time_unix_nano"],
        "attempt": None,
        "dead_letter": False,
        "consumer_start_time_unix_nano": root["start_time_unix_nano"],
        "notes": "[]",
    }
