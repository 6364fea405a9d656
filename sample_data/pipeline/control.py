"""What the starter tells a service: one JSON object a line on standard input.

`{"switch": "headers_dropped"}` changes what the service does; the end of the
input stops it, so that no service outlives its starter, however that ended.
"""

import json
import sys
import threading
from collections.abc import Callable, Iterable

from sample_data.pipeline.journal import report
from sample_data.pipeline.switches import Switch


class Control:
    """The switch that is on, and whether to go on at all."""

    def __init__(
        self,
        lines: Iterable[str] = sys.stdin,
        adopt: Callable[[Switch], None] = lambda _: None,
    ) -> None:
        """`adopt` is called with each new switch before it is reported as adopted."""
        self._adopt = adopt
        self._wanted = Switch.HEALTHY
        self._current = Switch.HEALTHY
        self._stopped = threading.Event()
        threading.Thread(target=self._listen, args=(lines,), daemon=True).start()

    def _listen(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._wanted = Switch(json.loads(line)["switch"])
        self._stopped.set()

    @property
    def current(self) -> Switch:
        return self._current

    def next_switch(self) -> Switch | None:
        """The switch to work by, None to stop.

        A change is adopted here, between two receives, and reported: a receive
        that was under way when the change came has ended.
        """
        if self._stopped.is_set():
            return None
        if self._wanted is not self._current:
            self._current = self._wanted
            self._adopt(self._current)
            report("switched", switch=self._current)
        return self._current

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end."""
        self._stopped.wait(seconds)
