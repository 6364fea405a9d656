"""ClickHouse's engine inside this process (chdb), asked as its HTTP interface would ask it."""

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import chdb
from chdb.state.sqlitelike import Connection

_INSERT = re.compile(rb"\s*(INSERT\s+INTO\b.*?)\s+FORMAT\s+(\w+)[ \t]*\r?\n?", re.I | re.S)
_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)\s*;?\s*$", re.I)
_CODE = re.compile(r"Code: (\d+)")
_SETTING = re.compile(r"\w+")

SESSION_IS_LOCKED = 373
UNKNOWN_SETTING = 115


class EngineError(Exception):
    """What ClickHouse said, and the number of its error."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class ExternalTable:
    """A table that came with a request."""

    name: str
    structure: str
    format: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """A statement with everything that it needs. An INSERT's rows follow its FORMAT, or
    stand in `data`."""

    statement: bytes
    data: bytes = b""
    database: str = "default"
    default_format: str = "TabSeparated"
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    tables: Sequence[ExternalTable] = ()
    session: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    format: str
    written_rows: int = 0
    read_rows: int = 0


class Engine:
    """One directory of data. Requests run beside each other, each on a connection that has
    its database and settings. Making one takes as long as a small question: those that a
    client asks with again and again are kept."""

    def __init__(self, directory: Path) -> None:
        self._path = str(directory)
        self._kept = Connection(self._path)  # the engine ends with its last connection
        self._idle: dict[Hashable, list[Connection]] = {}
        self._sessions: dict[str, tuple[Connection, Lock]] = {}
        self._lock = Lock()

    def run(self, request: Request) -> Answer:
        """Raises EngineError."""
        try:
            with self._connection(request) as connection:
                return _run(connection, request)
        except (RuntimeError, chdb.ChdbError) as error:
            raise _engine_error(str(error)) from None

    @contextmanager
    def _connection(self, request: Request) -> Iterator[Connection]:
        if request.session:
            with self._in_session(request.session) as connection:
                _prepare(connection, request)
                yield connection
        elif request.tables or "insert_deduplication_token" in request.settings:
            with closing(Connection(self._path)) as connection:
                _prepare(connection, request)
                yield connection
        else:
            kind = (request.database, *request.settings.items())
            with self._lock:
                idle = self._idle.setdefault(kind, [])
                known = idle.pop() if idle else None
            connection = known or Connection(self._path)
            if known is None:
                _prepare(connection, request)
            yield connection
            with self._lock:
                idle.append(connection)

    @contextmanager
    def _in_session(self, name: str) -> Iterator[Connection]:
        """The connection of a session, which keeps its settings and temporary tables."""
        with self._lock:
            if name not in self._sessions:
                self._sessions[name] = (Connection(self._path), Lock())
            connection, lock = self._sessions[name]
        if not lock.acquire(blocking=False):
            text = f"Code: {SESSION_IS_LOCKED}. DB::Exception: Session {name} is locked"
            raise EngineError(text, SESSION_IS_LOCKED)
        try:
            yield connection
        finally:
            lock.release()


def _prepare(connection: Connection, request: Request) -> None:
    _ask(connection, f"USE {_quoted(request.database, '`')}")
    for name in request.settings:
        if not _SETTING.fullmatch(name):
            raise EngineError(f"Code: {UNKNOWN_SETTING}. Unknown setting {name!r}", UNKNOWN_SETTING)
    if request.settings:
        pairs = (f"{name} = {_quoted(value)}" for name, value in request.settings.items())
        _ask(connection, f"SET {', '.join(pairs)}")
    for table in request.tables:
        name = _quoted(table.name, "`")
        _ask(connection, f"CREATE TEMPORARY TABLE {name} ({table.structure}) ENGINE = Memory")
        _insert(connection, f"INSERT INTO {name}", table.format, table.data)


def _run(connection: Connection, request: Request) -> Answer:
    insert = _INSERT.match(request.statement)
    if insert is None:
        return _select(connection, request)
    data = request.statement[insert.end() :] + request.data
    return _insert(connection, insert[1].decode(), insert[2].decode(), data)


def _select(connection: Connection, request: Request) -> Answer:
    text = request.statement + request.data
    chosen = _FORMAT.search(text)
    format_ = chosen[1].decode() if chosen else request.default_format
    result: Any = connection.query(text.decode(), format_, params=dict(request.parameters))
    return Answer(bytes(result.bytes()), format_, read_rows=int(result.rows_read()))


def _insert(connection: Connection, text: str, format_: str, data: bytes) -> Answer:
    with connection.send_insert(text, format_) as inserter:
        if data:
            inserter.append(data)
        return Answer(b"", "", written_rows=int(inserter.finish().rows_written))


def _ask(connection: Connection, text: str) -> None:
    connection.query(text, "Null")


def _quoted(text: str, mark: str = "'") -> str:
    escaped = text.replace("\\", "\\\\").replace(mark, f"\\{mark}")
    return f"{mark}{escaped}{mark}"


def _engine_error(message: str) -> EngineError:
    code = _CODE.search(message)
    return EngineError(message[code.start() :] if code else message, int(code[1]) if code else 1000)
