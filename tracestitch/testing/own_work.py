"""Telling our own work from that under test: libraries that are instrumented trace what the
assertions do, too, and those spans would be seen by the next one."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Follows the work to other threads and tasks.
_OWN: ContextVar[bool] = ContextVar("tracestitch_own_work", default=False)


@contextmanager
def own_work() -> Iterator[None]:
    token = _OWN.set(True)
    try:
        yield
    finally:
        _OWN.reset(token)


def is_own_work() -> bool:
    return _OWN.get()
