"""A pass that the end of the server breaks off is made again by the next server."""

from typing import Any

import polars as pl
import pytest

from storage.contract import OrphanQuery, Page
from storage.memory import MemoryStore
from storage.schema import TRACE_IDS
from tests.builders import batch, link, span
from tracestitch.analysis import AnalysisLoop

QUEUE = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}


def hand_over(first: int, *, linked: bool) -> Any:
    links = [link(trace=first, id=first)] if linked else []
    return batch(
        span("send", trace=first, id=first, kind="PRODUCER", attributes=QUEUE),
        span(
            "process",
            trace=first + 1,
            id=first + 1,
            kind="CONSUMER",
            attributes=QUEUE,
            links=links,
        ),
    )


def answers_of(store: MemoryStore) -> list[list[dict[str, Any]]]:
    ids = pl.DataFrame({"trace_hi": [0] * 9, "trace_lo": range(9)}, schema_overrides=_UNSIGNED)
    traces = ids.to_arrow().cast(TRACE_IDS)
    tables = (
        store.endpoints_of(traces),
        store.connections_of(traces, "consumer"),
        store.orphans(OrphanQuery(hidden=True), Page(limit=9)).table,
    )
    return [sorted(pl.DataFrame(table).to_dicts(), key=str) for table in tables]


_UNSIGNED = {"trace_hi": pl.UInt64, "trace_lo": pl.UInt64}


def analyse_all(store: MemoryStore) -> None:
    loop = AnalysisLoop(store)
    while loop.run_once():
        pass


def filled() -> MemoryStore:
    """With an orphan root that is analysed, and a hand-over that is not."""
    store = MemoryStore()
    store.append(hand_over(1, linked=False), 1)
    analyse_all(store)
    store.append(hand_over(5, linked=True), 2)
    return store


@pytest.mark.parametrize("at", ["traces_since", "analysis_input", "replace_connections"])
def test_a_pass_that_is_broken_off_is_made_again(at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    never = filled()
    analyse_all(never)

    store = filled()
    analysed = store.generations()[1]
    loop, real = AnalysisLoop(store), getattr(store, at)

    def end_meanwhile(*given: Any) -> Any:
        loop.stop()
        return real(*given)

    with monkeypatch.context() as patch:
        patch.setattr(store, at, end_meanwhile)
        assert not loop.run_once()
    assert store.generations() == (analysed + 1, analysed)
    assert answers_of(store) != answers_of(never)

    analyse_all(store)
    assert store.generations() == never.generations()
    assert answers_of(store) == answers_of(never)
