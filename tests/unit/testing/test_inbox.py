"""What one test has seen so far, and waiting for more of it."""

import threading
import time

from tests.waiting import join
from tracestitch.testing.inbox import Inbox


def test_requests_are_read_in_their_order_from_where_one_was() -> None:
    inbox = Inbox()
    inbox.put(b"a")
    inbox.put(b"b")

    assert list(inbox.read()) == [b"a", b"b"]
    assert list(inbox.read(1)) == [b"b"]


def test_what_is_there_already_is_not_waited_for() -> None:
    inbox = Inbox()
    inbox.put(b"a")

    assert inbox.wait_for_more(0, until=time.monotonic() + 3_600)


def test_waiting_ends_with_what_comes() -> None:
    inbox = Inbox()
    waited: list[bool] = []
    waiting = threading.Thread(
        target=lambda: waited.append(inbox.wait_for_more(0, until=time.monotonic() + 3_600))
    )
    waiting.start()
    inbox.put(b"a")
    join(waiting)

    assert waited == [True]


def test_waiting_ends_at_its_time() -> None:
    inbox = Inbox()
    inbox.put(b"a")

    assert not inbox.wait_for_more(1, until=time.monotonic() + 0.01)
    assert not inbox.wait_for_more(1, until=time.monotonic() - 1)


def test_it_is_quiet_since_the_last_request() -> None:
    inbox = Inbox()
    before = inbox.read_quiet_since()
    inbox.put(b"a")

    assert before <= inbox.read_quiet_since() <= time.monotonic()
