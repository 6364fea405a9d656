"""Waits that have an end: what hangs fails the test that it belongs to, and nothing is left."""

import subprocess
from collections.abc import Iterator, Sequence
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
