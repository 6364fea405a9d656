"""What the server says of itself: one line an event, on the standard error.

A line never quotes what was sent: no attribute values, no payloads, no tokens. So an
exception that nobody expected is told by its type and the places it went through; its
message may quote data and stays out. Sentences of our own are told whole.

Under a storm of errors each kind of event (logger, level, sentence before its values are
filled in) has one line a minute; the next line of the kind says how many were left out.
"""

import json
import logging
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TextIO

Format = Literal["text", "json"]

QUIET_SECONDS = 60.0
# Sentences made at run time are kinds of their own; so many are remembered.
_MOST_KINDS = 1_000
# A sentence may hold what a library says, and that may be long.
_MOST_CHARACTERS = 2_000
_FRAMES = 12
# What every record has; anything else was given as `extra`, and is a field of the line.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "suppressed"}

Fields = dict[str, Any]


def start_logging(format_: Format = "text", stream: TextIO | None = None) -> None:
    """Warnings and errors of everything in the process go to `stream` from now on, the
    standard error if none is given."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(OncePerMinute())
    handler.setFormatter(LineFormatter(format_))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


@dataclass(slots=True)
class _Kind:
    said: float
    suppressed: int = 0


class OncePerMinute(logging.Filter):
    """Lets the first record of a kind through, then one each `quiet_seconds`, with the
    number of those it held back as its `suppressed`."""

    def __init__(
        self,
        quiet_seconds: float = QUIET_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._quiet, self._clock = quiet_seconds, clock
        self._kinds: OrderedDict[tuple[str, int, str], _Kind] = OrderedDict()
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        now = self._clock()
        key = (record.name, record.levelno, str(record.msg))
        with self._lock:
            kind = self._kinds.get(key)
            if kind is not None and now - kind.said < self._quiet:
                kind.suppressed += 1
                return False
            record.suppressed = 0 if kind is None else kind.suppressed
            self._kinds[key] = _Kind(now)
            self._kinds.move_to_end(key)
            if len(self._kinds) > _MOST_KINDS:
                self._kinds.popitem(last=False)
        return True


class LineFormatter(logging.Formatter):
    """`time=… level=… logger=… event="…"` and fields, or the same as a JSON object."""

    def __init__(self, format_: Format) -> None:
        super().__init__()
        self._draw = _draw_json if format_ == "json" else _draw_text

    def format(self, record: logging.LogRecord) -> str:
        fields: Fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _shorten(record.getMessage()),
        }
        fields |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if suppressed := getattr(record, "suppressed", 0):
            fields["suppressed"] = suppressed
        if record.exc_info and record.exc_info[0] is not None:
            fields["error"] = record.exc_info[0].__name__
            fields["at"] = _describe_places(record.exc_info[2])
        return self._draw(fields)


def _describe_places(trace: TracebackType | None) -> str:
    """File, line and function of the innermost frames, outermost first."""
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return " > ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames)


def _shorten(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def _draw_json(fields: Fields) -> str:
    return json.dumps(fields, default=str)


def _draw_text(fields: Fields) -> str:
    return " ".join(f"{key}={_quote(value)}" for key, value in fields.items())


def _quote(value: object) -> str:
    """As it is when it is one plain word, else as a JSON string: always on one line."""
    text = str(value)
    plain = text and all(c.isalnum() or c in "._:+-/" for c in text) and text.isascii()
    return text if plain else json.dumps(text, ensure_ascii=not text.isprintable())
