"""Readers, counted and held back."""

import threading

from storage.readers import Readers
from tests.waiting import PATIENCE_SECONDS, join


def test_new_readers_wait_while_they_are_held_back() -> None:
    readers = Readers()
    order = []

    def read() -> None:
        with readers.entered():
            order.append("read")

    thread = threading.Thread(target=read)
    with readers.held_back(1.0) as alone:
        assert alone
        thread.start()
        thread.join(0.05)
        order.append("alone")
    join(thread)
    assert order == ["alone", "read"]


def test_a_reader_inside_is_waited_for_and_then_nobody_is_there() -> None:
    readers = Readers()
    inside, leave = threading.Event(), threading.Event()

    def read() -> None:
        with readers.entered():
            inside.set()
            leave.wait(PATIENCE_SECONDS)

    thread = threading.Thread(target=read)
    thread.start()
    assert inside.wait(PATIENCE_SECONDS)
    with readers.held_back(0.01) as alone:
        assert not alone
    leave.set()
    with readers.held_back(10.0) as alone:
        assert alone
    readers.wait_until_none()
    join(thread)


def test_a_read_that_fails_has_left() -> None:
    readers = Readers()
    try:
        with readers.entered():
            raise KeyError
    except KeyError:
        pass
    readers.wait_until_none()
    with readers.held_back(0.0) as alone:
        assert alone
