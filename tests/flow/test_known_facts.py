"""What the loop keeps of the surroundings is what the store says."""

from typing import Any

import polars as pl

from analyzer.alternations import LATEST
from analyzer.stable_facts import stable_facts
from storage.memory import MemoryStore
from tests.builders import batch, link
from tests.unit.analyzer.messages import delivery, send
from tracestitch.analysis import AnalysisLoop
from tracestitch.known_facts import KnownFacts


def message(number: int, *, cut: bool) -> list[Any]:
    at = float(number)
    links = [] if cut else [link(number, 11)]
    told = {"messaging.message.id": f"0d5e1c2a-7b1f-4c55-9f1e-{number:012d}"}
    return [
        send(trace=number, at=at, attributes=told),
        delivery(trace=100 + number, at=at + 0.2, links=links, attributes=told),
    ]


def test_a_switch_that_went_on_and_off_is_the_consumers_however_the_spans_arrive() -> None:
    """S1, not S3: all messages of one short time broke, and none before or after."""
    store = MemoryStore()
    loop = AnalysisLoop(store)
    spans = [span for n in range(1, 31) for span in message(n, cut=n in (11, 12, 13))]
    for number, span in enumerate(spans):
        store.append(batch(span), number + 1)
        if number % 7 == 0:
            while loop.run_once():
                pass
    while loop.run_once():
        pass

    told = KnownFacts(store).told()
    assert told.equals(
        stable_facts(pl.DataFrame(store.endpoint_facts()), pl.DataFrame(store.cut_spells(LATEST)))
    )
    causes = store.orphans_of(store.traces_since(0, 10_000)[0])["cause_code"].to_pylist()
    assert causes == ["S1"] * 3
