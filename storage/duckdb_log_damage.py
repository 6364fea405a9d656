"""A write-ahead log that cannot be replayed must not keep the store from starting.

DuckDB drops a torn end by itself: that was never committed. It refuses to open when an
entry does not match its checksum, and it passes over a log whose head is damaged without
a word. Both times the log is kept under another name, and one line says what it held.
"""

import logging
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

_DAMAGED_FROM = re.compile(r"Corrupt WAL file: entry at byte position (\d+)")
# Reasons that are not in the log: the next start may replay it.
_PASSING = re.compile(r"memory|IO Error(?!.*does not match)|could not", re.IGNORECASE | re.DOTALL)
# How logs begin.
_HEAD = b"d\x00be\x00"

_logger = logging.getLogger(__name__)


def repair_log(log: Path, message: str) -> bool:
    """After DuckDB failed with this message: leave in place what of the log stands before
    the damage. False when the log is not what failed, and then it is not touched. Raises
    OSError."""
    if "replaying WAL" not in message or _PASSING.search(message) or not log.is_file():
        return False
    found = _DAMAGED_FROM.search(message)
    start = int(found[1]) if found else 0
    size, written = log.stat().st_size, log.stat().st_mtime
    aside = _name_aside(log)
    shutil.copy2(log, aside)
    with aside.open("rb") as copy:
        os.fsync(copy.fileno())
    os.truncate(log, start)
    _say(log, aside, f"from byte {start:,} of {size:,} on", written)
    return True


def set_unread_log_aside(log: Path, close: Callable[[], None]) -> bool:
    """After the store was opened and checkpointed: a log that is left was not replayed, and
    the next commit overwrites it. Unless all it holds is the torn first commit, the store
    is closed, and has to be opened again. Raises OSError."""
    if not log.is_file():
        return False
    with log.open("rb") as file:
        if _HEAD.startswith(file.read(len(_HEAD))):
            return False
    close()
    aside, written = _name_aside(log), log.stat().st_mtime
    log.rename(aside)
    _say(log, aside, "at its beginning", written)
    return True


def _name_aside(log: Path) -> Path:
    return log.with_name(f"{log.name}.damaged-{time.time_ns()}")


def _say(log: Path, aside: Path, where: str, written: float) -> None:
    last = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(written))
    _logger.error(
        "ATTENTION: the write-ahead log %s is damaged %s. What was stored behind that, between the"
        " last checkpoint and %s, is lost; everything before is there. The log is kept as %s.",
        log,
        where,
        last,
        aside.name,
    )
