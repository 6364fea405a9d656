"""Deleting never makes an orphan: what a consumer had when its producer was deleted stays."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.contract import ConnectionQuery, OrphanQuery, Page, SpanStore
from storage.engines import open_store
from tests.builders import batch, link, span
from tracestitch.analysis import AnalysisLoop
from tracestitch.retention import RetentionLoop

QUEUE = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}


def send(trace: int = 1, **told: Any) -> Any:
    attributes = QUEUE | told.pop("attributes", {})
    given: dict[str, Any] = {"service": "shop", "kind": "PRODUCER"} | told
    return span("order.publish", trace=trace, id=11, attributes=attributes, **given)


def process(trace: int = 2, **told: Any) -> Any:
    attributes = QUEUE | told.pop("attributes", {})
    given: dict[str, Any] = {"service": "pay", "kind": "CONSUMER", "at": 1.0} | told
    return span("order.process", trace=trace, id=21, attributes=attributes, **given)


def below(trace: int = 2, span_id: int = 22, **told: Any) -> Any:
    """A late span of the consumer, that makes its trace be looked at again."""
    return span("charge", trace=trace, id=span_id, parent=21, service="pay", at=1.1, **told)


class Served:
    """A store with its loops, and what it says."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.store: SpanStore = open_store(url)
        self.start()

    def start(self) -> None:
        self.analysis = AnalysisLoop(self.store)
        self.retention = RetentionLoop(self.store, self.analysis)

    def restart(self) -> None:
        if self._url != "memory:":
            self.store.close()
            self.store = open_store(self._url)
        self.start()
        self.analyse()

    def take(self, *spans: Any) -> None:
        self.store.append(batch(*spans), 1)
        self.analyse()

    def analyse(self) -> None:
        while self.analysis.run_once():
            pass

    def delete(self, generation: int) -> int:
        deleted = self.retention.delete_until(generation, "age")
        self.analyse()
        return deleted

    @property
    def connections(self) -> dict[tuple[int, int], str]:
        """Relation by the traces of producer and consumer."""
        rows = self.store.connections(ConnectionQuery(), Page(99)).table.to_pylist()
        return {(r["producer_trace_lo"], r["consumer_trace_lo"]): r["relation"] for r in rows}

    @property
    def causes(self) -> dict[tuple[int, int], str]:
        rows = self.store.orphans(OrphanQuery(), Page(99)).table.to_pylist()
        return {(r["trace_lo"], r["span_id"]): r["cause_code"] for r in rows}


@pytest.fixture(params=["memory:", "duckdb:"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    url = request.param if request.param == "memory:" else f"duckdb:{tmp_path}"
    served = Served(url)
    yield served
    served.store.close()


def test_a_connection_by_link_stays_without_its_producer(served: Served) -> None:
    served.take(send())
    served.take(process(links=[link(trace=1, id=11)]))
    assert served.delete(1) == 1
    for late in (below(), below(span_id=23)):
        assert served.connections == {(1, 2): "link"}
        assert served.causes == {}
        served.restart()
        served.take(late)
    assert served.connections == {(1, 2): "link"}
    assert served.causes == {}


def test_an_orphan_keeps_the_producer_and_the_cause_it_had(served: Served) -> None:
    message = {"messaging.message.id": "7d9f1c52-5a0e-4a8a-9c1e-aaaaaaaaaaaa"}
    served.take(send(attributes=message))
    served.take(process(attributes=message))
    had = served.connections, served.causes
    assert had[0] == {(1, 2): "stitch"}
    assert served.delete(1) == 1
    served.restart()
    served.take(below())
    assert (served.connections, served.causes) == had
    (orphan,) = served.store.orphans(OrphanQuery(), Page(9)).table.to_pylist()
    assert (orphan["producer_trace_lo"], orphan["producer_span_id"]) == (1, 11)


def test_a_cause_that_rests_on_deleted_producers_is_kept(served: Served) -> None:
    """That somebody sends there is what makes it S1 and not "nobody sends here"."""
    served.take(process(trace=9))
    alone = served.causes[9, 21]
    served.take(send())
    with_sender = served.causes[9, 21]
    assert with_sender != alone
    served.take(send(trace=3))  # stored after the root, deleted before it
    served.store.append(batch(process(trace=10)), 1)
    served.analyse()
    generations = served.store.oldest_generations(99).num_rows
    assert generations == 4
    served.delete(3)
    served.restart()
    assert served.causes == {(10, 21): with_sender}
    served.take(below(trace=10))
    assert served.causes == {(10, 21): with_sender}


def test_what_was_known_is_forgotten_with_the_last_span_beside_it(served: Served) -> None:
    served.take(process(trace=9))
    alone = served.causes[9, 21]
    served.take(send())
    served.take(process(trace=10))
    served.delete(2)
    served.take(process(trace=11))
    assert served.causes[11, 21] == served.causes[10, 21] != alone
    served.delete(3)
    assert served.causes == {(11, 21): alone}
    served.restart()
    assert served.causes == {(11, 21): alone}


def test_a_consumer_that_arrives_after_its_producer_was_deleted_is_an_orphan(
    served: Served,
) -> None:
    served.take(send())
    served.delete(1)
    served.take(process(links=[link(trace=1, id=11)]))
    assert list(served.causes) == [(2, 21)]
    assert served.connections == {}


@pytest.mark.parametrize("sampled", [0x100, 0x101])
def test_analysing_everything_again_says_that_the_producer_was_deleted(
    sampled: int, served: Served
) -> None:
    served.take(send())
    served.take(process(links=[link(trace=1, id=11, flags=sampled)]))
    served.delete(1)
    served.store.forget_answers()
    served.restart()
    assert served.connections == {}
    (orphan,) = served.store.orphans(OrphanQuery(), Page(9)).table.to_pylist()
    assert (orphan["cause_code"], orphan["expected"]) == ("K7", True)


def test_a_late_producer_still_finds_its_consumer(served: Served) -> None:
    """The consumer's trace lost a rival; the producer that its link names comes later."""
    order = {"order.id": "ORD-1"}
    served.take(span("POST /orders", trace=3, id=31, kind="SERVER", attributes=order))
    served.take(process(links=[link(trace=1, id=11)], attributes=order))
    assert list(served.causes) == [(2, 21)]
    served.delete(1)
    assert served.store.losses_of(served.store.traces_until(9)).num_rows == 1
    served.take(send())
    assert served.connections == {(1, 2): "link"}
    assert served.causes == {}


def test_a_late_producer_takes_no_consumer_from_one_that_is_deleted(served: Served) -> None:
    """Both would be producers by the order's id; the first one was chosen."""
    order = {"order.id": "ORD-1"}
    served.take(send(attributes=order))
    served.take(process(attributes=order))
    assert served.connections == {(1, 2): "stitch"}
    had = served.causes
    served.delete(1)
    served.take(send(trace=3, at=0.5, attributes=order | {"messaging.system": "aws_eventbridge"}))
    assert served.connections == {(1, 2): "stitch"}
    assert served.causes == had


def test_a_late_root_in_a_trace_that_lost_something_is_judged(served: Served) -> None:
    served.take(send())
    served.take(process(links=[link(trace=1, id=11)]))
    served.delete(1)
    other = span(
        "order.process", trace=2, id=29, service="pay", kind="CONSUMER", at=3.0, attributes=QUEUE
    )
    served.take(other)
    assert served.connections == {(1, 2): "link"}
    assert list(served.causes) == [(2, 29)]


def test_half_a_trace_that_is_deleted_makes_no_orphan_of_the_other(served: Served) -> None:
    served.take(send(), process(trace=1, parent=11, flags=0x300))
    assert served.connections == {(1, 1): "parent"}
    served.store.append(batch(below(trace=1)), 1)
    served.analyse()
    served.take(process(trace=5))
    served.delete(1)
    served.restart()
    served.take(below(trace=1, span_id=24))
    assert (1, 22) not in served.causes
    assert (1, 24) not in served.causes


def test_a_deleted_producer_that_is_sent_again_is_connected_as_before(served: Served) -> None:
    served.take(send())
    served.take(process(links=[link(trace=1, id=11)]))
    served.delete(1)
    served.take(send())
    assert served.connections == {(1, 2): "link"}
    assert served.causes == {}
    assert served.store.status().spans == 2
