"""Child processes that speak the journal's and the control's line protocol."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

Line = dict[str, Any]

# Nothing of the caller's environment reaches a service: no OTEL_*, no AWS_*, no
# proxy for what stays on this machine.
ENVIRONMENT = {
    "PYTHONUTF8": "1",
    "AWS_CONFIG_FILE": os.devnull,
    "OTEL_BSP_SCHEDULE_DELAY": "500",  # milliseconds between exports
}
READY_SECONDS = 60.0
STOP_SECONDS = 10.0


class ChildError(Exception):
    """A process of the pipeline ended or did not start."""


class Child:
    """One process of the pipeline, started in a session of its own, so that Ctrl-C
    reaches only its starter, which then stops it in order."""

    def __init__(
        self,
        module: str,
        *arguments: str,
        hear: Callable[[Line], None],
        sampler: str | None = None,
    ) -> None:
        """Starts the process; `hear` gets its lines, in a thread. `sampler` is a name of
        OpenTelemetry's."""
        self.module = module
        self.facts: Line = {}
        self._hear = hear
        self._started = False
        self._ready = threading.Event()
        self._process = subprocess.Popen(  # noqa: S603 (our own modules)
            [sys.executable, "-m", f"{__package__}.{module}", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT | ({"OTEL_TRACES_SAMPLER": sampler} if sampler else {}),
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def _listen(self) -> None:
        if self._process.stdout is None:
            return
        for text in self._process.stdout:
            line = json.loads(text)
            if not self._ready.is_set():
                self.facts.update(line)
            if line["event"] == "ready":
                self._started = True
                self._ready.set()
            self._hear({**line, "module": self.module})
        self._hear({"event": "ended", "module": self.module})
        self._ready.set()

    def wait_until_ready(self) -> Line:
        """Everything it has told so far. ChildError when it ended instead."""
        self._ready.wait(READY_SECONDS)
        if not self._started:
            raise ChildError(f"{self.module} did not start")
        return self.facts

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, line: Line) -> None:
        if self._process.stdin is None:
            return
        try:
            self._process.stdin.write(json.dumps(line) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise ChildError(f"{self.module} has ended") from error

    def ask_to_stop(self) -> None:
        """The end of its input is the sign to finish and flush."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it has ended already
                self._process.stdin.close()

    def wait(self) -> None:
        """Until it has ended; a process that hangs is killed."""
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
