"""A request between its arrival and the answer to it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from collector.decoded import Appended


@dataclass(slots=True, eq=False)
class Waiting:
    payload: bytes
    answer: asyncio.Future[Appended]
    arrived: float = field(default_factory=time.monotonic)
    outcome: Appended | Exception | None = None
    """None when nobody waits for the answer any more."""


Tell = Callable[[Sequence[Waiting]], None]
"""Answers requests by their outcomes. From any thread."""
