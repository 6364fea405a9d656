"""Whether a destination is shown as broken: as the report judges it, not by its counts."""

import re
from typing import Any

import pytest

from tests.answer_builders import STORED_AT, Scene
from tests.contract.rows import Row
from tests.unit.web.applications import application

SECOND = 1_000_000_000


class Queue:
    """Deliveries of `orders`, one a second."""

    def __init__(self) -> None:
        self.scene = Scene()
        self._number = 0

    def orphan(self, count: int, **values: Any) -> None:
        for _ in range(count):
            self.scene.orphan(self._take(), **values)

    def connect(self, count: int) -> None:
        for _ in range(count):
            self.hand_over(self._take())

    def hand_over(self, taken: Row, **values: Any) -> None:
        sent = self.scene.span(1000 + taken["trace_lo"], 1, service="order-service")
        start = taken["start_time_unix_nano"]
        self.scene.hand_over(sent, taken, consumer_start_time_unix_nano=start, **values)

    def silent_orphan(self) -> None:
        """Its consumer does not tell the queue, which its producer does."""
        taken = self._take()
        self.hand_over(taken, relation="stitch")
        self.scene.orphan(taken, destination=None, system=None)

    def connected(self, now: int = STORED_AT + 10_000) -> str:
        """The cell of `orders` in the list."""
        text = application(self.scene.store(), now=now).get("/destinations").text
        found = re.search(r'>orders<.*?data-says="connected">(.*?)</td>', text, re.DOTALL)
        assert found
        return found[1]

    def _take(self) -> Row:
        self._number += 1
        start = self._number * SECOND
        return self.scene.span(
            self._number, 1, service="payment-service", start_time_unix_nano=start
        )


def test_a_destination_that_is_broken_now_is_marked() -> None:
    queue = Queue()
    queue.connect(2)
    queue.orphan(2)
    cell = queue.connected()
    assert re.search("✕ 50.%", cell)
    assert "broken<" in cell


def test_a_consumer_that_does_not_tell_its_queue_breaks_the_one_that_it_reads() -> None:
    queue = Queue()
    queue.connect(2)
    queue.silent_orphan()
    assert "broken<" in queue.connected()


def test_a_destination_that_healed_is_not_marked_as_broken() -> None:
    queue = Queue()
    queue.orphan(2)
    queue.connect(9)
    cell = queue.connected()
    assert "healed" in cell
    assert "✕" not in cell
    assert "bad-text" not in cell


def test_what_is_expected_is_not_marked_as_broken() -> None:
    queue = Queue()
    queue.connect(2)
    queue.orphan(2, expected=True)
    assert "✕" not in queue.connected()


@pytest.mark.parametrize("connected", [0, 2])
def test_what_is_expected_is_called_so(connected: int) -> None:
    queue = Queue()
    queue.connect(connected)
    queue.orphan(2, expected=True)
    assert "<small>expected</small>" in queue.connected()


def test_what_may_still_connect_is_not_marked_as_broken() -> None:
    queue = Queue()
    queue.orphan(1)
    cell = queue.connected(now=STORED_AT)
    assert "may still connect" in cell
    assert "✕" not in cell
