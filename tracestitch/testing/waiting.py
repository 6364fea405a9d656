"""Waiting until a claim holds, or its time is over."""

import time
from collections.abc import Callable
from typing import TypeVar

# How long nothing has to arrive from other processes before an absence is believed: five
# times the delay that `Receiver.environment` gives their exporters.
QUIET_SECONDS = 0.5

Failed = TypeVar("Failed")


def await_claim(
    check: Callable[[], Failed | None],
    wait_for_more: Callable[[float], bool],
    seconds: float,
    quiet_since: Callable[[], float] | None = None,
) -> tuple[Failed | None, float]:
    """What is wrong at the end, None when the claim holds, and the seconds that it took.
    `check` looks at what has arrived; `wait_for_more` says whether more did, which it waits
    for until a moment of the monotonic clock. With `quiet_since`, the moment when something
    arrived last, the claim is believed only after some quiet."""
    began = time.monotonic()
    end = began + seconds
    believed, over = quiet_since is None, False
    while True:
        failure = check()
        if over or (failure is None and believed):
            return failure, time.monotonic() - began
        until = end
        if failure is None and quiet_since is not None:
            until = min(end, max(began, quiet_since()) + QUIET_SECONDS)
        # By what the waiting says: a test may have stopped the clock.
        more = wait_for_more(until)
        believed = believed or (failure is None and not more)
        over = (not more and until == end) or time.monotonic() >= end
