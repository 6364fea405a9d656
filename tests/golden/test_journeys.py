"""Journeys of recordings: their attempts, and the steps that they miss."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from storage.contract import SpanStore
from storage.engines import open_store
from storage.schema import SpanBatch
from tests.golden.recordings import NAMES, open_recording
from tracestitch.analysis import AnalysisLoop
from web.journeys.journey import journey_of_trace
from web.trace_shapes import Journey

TraceId = tuple[int, int]


def traces_of(batches: Iterable[SpanBatch]) -> list[TraceId]:
    found: set[TraceId] = set()
    for batch in batches:
        columns = (batch.spans[name].to_pylist() for name in ("trace_hi", "trace_lo"))
        found.update(zip(*columns, strict=True))
    return sorted(found)


def journeys_of(store: SpanStore, batches: Iterable[SpanBatch]) -> list[Journey]:
    seen: set[str] = set()
    found = []
    for trace in traces_of(batches):
        if f"{trace[0]:016x}{trace[1]:016x}" not in seen:
            found.append(journey_of_trace(store, trace, 0)["journey"])
            seen.update(found[-1]["trace_ids"])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_no_journey_of_a_whole_recording_misses_a_step(name: str) -> None:
    for journey in journeys_of(*open_recording(name)):
        assert (journey["not_seen"], journey["status"] == "waiting") == ([], False)


def attempts_in(name: str) -> Counter[tuple[tuple[int, str, str], ...]]:
    return Counter(
        tuple((a["attempt"], a["how"], a["outcome"]) for a in journey["attempts"])
        for journey in journeys_of(*open_recording(name))
    )


def test_messages_that_died_are_chains_from_the_first_attempt_to_the_dead_letter() -> None:
    died = (
        (1, "first", "error"),
        (2, "redelivery", "error"),
        (3, "redelivery", "error"),
        (4, "dead-letter", "dead-letter"),
    )
    assert attempts_in("pipeline_dead_letters") == {(): 5, died: 9}


def test_messages_that_were_redelivered_are_chains_of_two() -> None:
    again = ((1, "first", "error"), (2, "redelivery", "ok"))
    assert attempts_in("pipeline_redelivery") == {(): 5, again: 9}


def without(batch: SpanBatch, trace: TraceId, services: list[str]) -> SpanBatch:
    """The batch without what these services did in the trace."""
    resources = pc.is_in(batch.resources["service_name"], pa.array(services))
    gone = batch.resources.filter(resources)["resource_id"]
    spans = batch.spans
    dropped = pc.and_(
        pc.and_(
            pc.equal(spans["trace_hi"], pa.scalar(trace[0], pa.uint64())),
            pc.equal(spans["trace_lo"], pa.scalar(trace[1], pa.uint64())),
        ),
        pc.is_in(spans["resource_id"], gone.combine_chunks()),
    )
    return replace(batch, spans=spans.filter(pc.invert(dropped)))


@pytest.mark.parametrize(
    ("services", "step"),
    [
        (["warehouse-service"], "stock.process in warehouse-service"),
        (["inventory-service", "warehouse-service"], "payment.process in inventory-service"),
    ],
)
def test_an_order_that_stopped_on_its_way_waits_for_the_next_step(
    services: list[str], step: str
) -> None:
    whole, batches = open_recording("pipeline_healthy")
    newest = max(journeys_of(whole, batches), key=lambda j: j["start_time_unix_nano"])
    (trace_id,) = newest["trace_ids"]
    trace = (int(trace_id[:16], 16), int(trace_id[16:], 16))
    store = open_store("memory:")
    for batch in batches:
        store.append(without(batch, trace, services), 1)
    loop = AnalysisLoop(store)
    while loop.run_once():
        pass
    journey = journey_of_trace(store, trace, 0)["journey"]
    assert journey["status"] == "waiting"
    assert [(m["step"], m["usual_share"], m["state"]) for m in journey["not_seen"]] == [
        (step, 1.0, "waiting")
    ]
    store.close()
