"""Waits that have an end: what hangs fails the test that it belongs to, and nothing is left."""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any

PATIENCE_SECONDS = 60


def join(*threads: Thread) -> None:
    """Waits for threads that are about to end."""
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive(), f"{thread.name} still runs after {PATIENCE_SECONDS} s"


@contextmanager
def running(command: Sequence[str], **options: Any) -> Iterator["subprocess.Popen[str]"]:
    """A process that is killed with the block at the latest; its streams are text."""
    with subprocess.Popen(command, text=True, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(
    holds: Callable[[], bool],
    what: str,
    seconds: float = 2 * PATIENCE_SECONDS,
    tick: float = 0.1,
) -> None:
    """Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {seconds:.0f} s: {what}.")
        time.sleep(tick)
