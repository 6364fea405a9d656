"""Which requests and messages of its process a root send began beside."""

import random
from typing import Any

import polars as pl
import pytest

from analyzer import work_beside
from analyzer.frame import Frame, build_frame
from analyzer.roles import CONSUMER, SERVER
from analyzer.tables import Tables
from analyzer.work_beside import AFTER_NANO, LATEST, WITHIN_NANO, find_work_beside, tell_work
from tests.builders import batch, span

Found = set[tuple[int, int, bool, bool]]


def spans(seed: int) -> list[Any]:
    """Requests, messages and root sends of two processes, many of them at once."""
    chance = random.Random(seed)
    kinds = ["SERVER", "CONSUMER", "PRODUCER", "INTERNAL"]
    return [
        span(
            f"work {number % 5}",
            trace=chance.randrange(1, 200),
            id=number,
            kind=chance.choice(kinds),
            service=chance.choice(["shop", "stock"]),
            at=chance.randrange(40) / 10,  # many begin at the same time
            duration=chance.choice([0.0, 0.1, 1.5, 4.0]),
        )
        for number in range(1, 400)
    ]


def all_roots(frame: Frame) -> pl.DataFrame:
    return frame.rows.select("row", "top")


def compare_all(frame: Frame, roots: pl.DataFrame) -> Found:
    """Each root with each work."""
    rows = frame.rows.to_dicts()
    found = set()
    for root in roots.to_dicts():
        top = rows[root["top"]]
        for kind in (SERVER, CONSUMER):
            beside = [
                row
                for row in rows
                if row["kind"] == kind
                and row["resource"] == top["resource"]
                and 0 <= top["start"] - row["start"] <= WITHIN_NANO
                and top["start"] - row["end"] <= AFTER_NANO
            ]
            beside.sort(key=lambda r: (-r["start"], r["trace_hi"], r["trace_lo"], r["span_id"]))
            found |= {
                (root["row"], row["top"], kind == SERVER, top["start"] <= row["end"])
                for row in beside[:LATEST]
                if row["top"] != root["top"]
            }
    return found


@pytest.mark.parametrize("at_once", [1, 50, 1_000_000])
def test_the_latest_works_of_a_kind_are_found_however_many_are_compared_at_once(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_beside, "_PAIRS_AT_ONCE", at_once)
    frame = build_frame(Tables(batch(*spans(7))))
    roots = all_roots(frame)
    found = find_work_beside(frame, roots)
    told = found.select("row", "work", "request", "now").rows()
    assert set(told) == compare_all(frame, roots)
    assert len(told) > 3 * len(roots)
    names = frame.tell(found["work"], "operation")["operation"]
    assert found["operation"].to_list() == names.to_list()


def test_nothing_runs_beside_a_root_of_a_process_that_serves_nothing() -> None:
    served = span("GET /", trace=1, id=1, kind="SERVER", service="shop", at=1.0, duration=1.0)
    other = span("send", trace=2, id=2, kind="PRODUCER", service="stock", at=1.5)
    frame = build_frame(Tables(batch(served, other)))
    found = find_work_beside(frame, all_roots(frame))
    assert found.is_empty()
    assert tell_work(found).is_empty()


def test_requests_name_what_a_send_was_made_for_and_messages_do_not() -> None:
    beside = pl.DataFrame(
        {
            "row": [1, 1, 2, 3, 3],
            "work": [10, 11, 12, 13, 14],
            "operation": ["POST /b", "a process", "a process", "POST /b", "POST /c"],
            "request": [True, False, False, True, True],
            "now": [True, True, True, False, False],
        },
        schema_overrides={"row": pl.UInt32, "work": pl.UInt32},
    )
    told = tell_work(beside).sort("row")
    assert told.rows() == [
        (1, "POST /b\na process", "POST /b", True),
        (2, "a process", None, False),
        (3, "POST /b\nPOST /c", None, True),
    ]
    messages = tell_work(beside.filter(row=2))
    assert messages.rows() == [(2, "a process", None, False)]
    assert messages.schema == told.schema
