"""Files that are read again when they have changed, without a restart."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

# A look is a stat of each file: cheap, but not for every request.
LOOK_SECONDS = 1.0

log = logging.getLogger(__name__)

Value = TypeVar("Value")
Stamp = tuple[tuple[int, int, int, int] | None, ...]


class UnusableFile(ValueError):
    """What a file holds cannot be used. The message is a sentence that names the flag,
    never the content."""


class WatchedFiles(Generic[Value]):
    """What `load` makes of some files. Any thread may ask."""

    def __init__(
        self,
        paths: Sequence[Path],
        load: Callable[[], Value],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Loads at once; raises UnusableFile as `load` does."""
        self._paths, self._load, self._clock = tuple(paths), load, clock
        self._lock = threading.Lock()
        self._stamp = self._look()
        self._unusable: Stamp | None = None
        self._value = load()
        self._next_look = clock() + LOOK_SECONDS

    def current(self) -> Value:
        """The newest that could be used. What cannot be is logged once, and the one
        before it stays: a certificate and its key are replaced one after the other."""
        with self._lock:
            if self._clock() >= self._next_look:
                self._next_look = self._clock() + LOOK_SECONDS
                self._refresh()
            return self._value

    def _refresh(self) -> None:
        stamp = self._look()
        if stamp == self._stamp:
            return
        try:
            self._value = self._load()
        except UnusableFile as error:
            # Tried again, for the reason may pass while the files stay as they are.
            if stamp != self._unusable:
                log.warning("%s What was loaded before stays in use.", error)
            self._unusable = stamp
        else:
            self._stamp = stamp  # taken before reading: a change in between is seen next time
            log.info("Loaded again: %s", ", ".join(map(str, self._paths)))

    def _look(self) -> Stamp:
        return tuple(map(_stamp, self._paths))


def _stamp(path: Path) -> tuple[int, int, int, int] | None:
    """Changes with the content, the owner and the rights; None while there is no file."""
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns


def read_file(flag: str, path: Path, most_bytes: int = 1 << 20) -> bytes:
    """Raises UnusableFile that names the flag and the file."""
    try:
        with path.open("rb") as stream:
            content = stream.read(most_bytes + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise UnusableFile(f"{flag} {path} cannot be read ({reason}).") from error
    if len(content) > most_bytes:
        raise UnusableFile(f"{flag} {path} is larger than {most_bytes:,} bytes.")
    return content
