"""The only door to a ClickHouse server: asking, inserting, errors as sentences.

Requests are independent of each other and run beside each other. An insert is acknowledged
when the server has it (a quorum of the replicas in a cluster); one that may be sent twice
has a token by which the server stores it once.
"""

import logging
import math
import random
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from storage.clickhouse.url import Address
from storage.contract import DataRefused, StoreError, TooMuchAtOnce

_MISSING = (
    "The store is in ClickHouse, for which clickhouse-connect is missing; "
    'install "tracestitch[clickhouse]".'
)
_SETTINGS: dict[str, Any] = {
    "join_use_nulls": 1,  # nulls as in SQL
    "transform_null_in": 1,  # IN finds nulls, so that pairs with one are compared as they are
    # Reading in a table's order would keep it from using the other order that it has.
    "optimize_distinct_in_order": 0,
    "async_insert": 0,  # acknowledged when written
    "max_execution_time": 120,
    "max_memory_usage": 4 * 2**30,
}
_REPLICATED: dict[str, Any] = {
    # What was acknowledged is seen by whoever asks next, on whatever replica.
    "insert_quorum": "auto",
    "insert_quorum_parallel": 0,
    "select_sequential_consistency": 1,
    "distributed_foreground_insert": 1,
    "distributed_product_mode": "global",
    "lightweight_deletes_sync": 2,
    # Deletes that ask a table which every replica has whole.
    "allow_nondeterministic_mutations": 1,
}
# Codes of ClickHouse's errors (src/Common/ErrorCodes.cpp).
_MEMORY = 241
# As the limit is named in all versions; others are of what many ask for together.
_OF_QUERY = re.compile(r"for query|query memory limit", re.I)
_OF_DATA = {6, 8, 10, 16, 20, 26, 27, 33, 38, 41, 53, 69, 70, 72, 117, 349, 441}
_ACCESS = {192, 193, 194, 291, 492, 497, 516}
_READ_ONLY = {164, 242}
_FULL = {243}
_TIRED = {159, 160, 173, 202, 209, 252}
# How often an insert is tried, by its error: nobody knows whether it arrived (no code, 319),
# another insert waits for its quorum (286).
_TRIES = {None: 2, 319: 2, 286: 50}
# A server that says nothing for so long hangs: while it works it tells how far it is.
SILENCE_SECONDS = 60.0
_CONNECT_SECONDS = 5.0
# What a request has at least: the last one of a block may be the one that tidies up.
_LAST_SECONDS = 3.0


class Client:
    """Raises StoreError only. Its messages name no user and no password."""

    def __init__(self, address: Address) -> None:
        self.address = address
        try:
            import clickhouse_connect
            from clickhouse_connect.driver import exceptions
            from urllib3 import Timeout
            from urllib3.exceptions import HTTPError
        except ImportError as error:
            raise StoreError(_MISSING) from error
        # What they warn of is raised too, and said once, without the address in full.
        for name in ("urllib3", "clickhouse_connect"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._error = exceptions.Error
        # What is read a block at a time raises the transport's errors as they are.
        self._broken = (OSError, pa.ArrowException, HTTPError)
        settings = _SETTINGS | (_REPLICATED if address.cluster else {})
        self._of_thread = threading.local()
        left = self._left

        class Patience(Timeout):
            """Of each request, as it begins."""

            def clone(self) -> Timeout:
                return Timeout(connect=min(left(), _CONNECT_SECONDS), read=left())

        with self._errors():
            # No database: it may have to be created.
            self._client = clickhouse_connect.get_client(
                host=address.host,
                port=address.port,
                username=address.user,
                password=address.password,
                secure=address.secure,
                settings=settings,
                autogenerate_session_id=False,
                form_encode_query_params=True,  # statements beside tables are too long for a URL
                dedicated_pool=True,
                send_receive_timeout=int(SILENCE_SECONDS),
                connect_timeout=int(_CONNECT_SECONDS),
                client_name="tracestitch",
                compress="zstd",
            )
        transport: Any = self._client  # its type does not tell of it
        transport.timeout = Patience()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """A block whose requests, of this thread, take so long together at the most: where the
        server hangs, its caller hears of it in time. Blocks of more seconds inside one of
        fewer are cut short."""
        before = getattr(self._of_thread, "until", math.inf)
        self._of_thread.until = min(before, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._of_thread.until = before

    def select(
        self,
        text: str,
        parameters: Mapping[str, str] | None = None,
        tables: Mapping[str, pa.Table] | None = None,
    ) -> pa.Table:
        """The rows of a query, which may name the `tables` that go with it."""
        with self._errors():
            found: pa.Table = self._client.query_arrow(
                text,
                parameters=dict(parameters or {}),
                external_data=_external(tables) if tables else None,
                use_strings=True,
            )
        return found

    def stream(self, text: str) -> Iterator[pa.RecordBatch]:
        """The rows of a query, a block at a time."""
        with self._errors(), self._client.query_arrow_stream(text, use_strings=True) as blocks:
            yield from blocks

    def command(self, text: str) -> None:
        """Run a statement that gives no rows."""
        with self._errors():
            self._client.command(text)

    def insert(self, table: str, rows: pa.Table, token: str) -> None:
        """Add rows. Sent again with the same token, they are stored once."""
        settings = {
            "insert_deduplication_token": token,
            "max_partitions_per_insert_block": 0,  # spans stored again have all their days
        }
        name, tries = f"`{self.address.database}`.`{table}`", 1
        with self._errors(inserts=True):
            while True:
                try:
                    self._client.insert_arrow(name, rows, settings=settings)
                except self._error as error:
                    if tries >= _TRIES.get(error.code, 1) or self._left() <= _LAST_SECONDS:
                        raise
                else:
                    return
                tries += 1
                time.sleep(random.uniform(0, 0.1))  # noqa: S311 # no secret

    def close(self) -> None:
        self._client.close()

    def _left(self) -> float:
        """Seconds that a request of this thread has."""
        until = getattr(self._of_thread, "until", math.inf)
        return max(min(until - time.monotonic(), SILENCE_SECONDS), _LAST_SECONDS)

    @contextmanager
    def _errors(self, *, inserts: bool = False) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            message = _first_line(error) if error.code else _reason(error)
            told = _explain(self.address, error.code, message)
            if inserts and error.code in _OF_DATA:  # what is read is no fault of what is sent
                told = DataRefused(str(told))
            raise told from None
        except self._broken as error:
            raise _explain(self.address, None, _reason(error)) from None


def _external(tables: Mapping[str, pa.Table]) -> Any:
    from clickhouse_connect.driver.external import ExternalData

    external = ExternalData()
    for name, table in tables.items():
        external.add_file(
            file_name=name, data=_to_ipc(table), fmt="Arrow", structure=structure_of(table.schema)
        )
    return external


def _to_ipc(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


TYPES: dict[pa.DataType, str] = {
    pa.uint64(): "UInt64",
    pa.int64(): "Int64",
    pa.uint32(): "UInt32",
    pa.uint8(): "UInt8",
    pa.int32(): "Int32",
    pa.string(): "String",
    pa.large_string(): "String",
    pa.bool_(): "Bool",
    pa.float64(): "Float64",
}


def structure_of(columns: pa.Schema) -> list[str]:
    """Each column as ClickHouse declares it."""
    return [
        f"`{field.name}` Nullable({TYPES[field.type]})"
        if field.nullable
        else f"`{field.name}` {TYPES[field.type]}"
        for field in columns
    ]


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:500] if text else type(error).__name__


def _reason(error: BaseException | None) -> str:
    """Why no answer came: what the system said, below everything that passed it on."""
    reason = type(error).__name__
    while error is not None:
        if isinstance(error, OSError):
            reason = error.strerror or str(error) or reason
        error = error.__cause__ or error.__context__
    return reason


def _explain(address: Address, code: int | None, message: str) -> StoreError:
    """ClickHouse's message as a sentence that says what to do."""
    where = f"The ClickHouse store {address}"
    if address.password:
        message = message.replace(address.password, "…")
    if code is None:
        return StoreError(f"{where} cannot be reached ({message}).")
    if code == _MEMORY and _OF_QUERY.search(message):
        return TooMuchAtOnce(f"{where} needs more memory than it may use ({message}).")
    if code in _ACCESS:
        return StoreError(f"{where} does not let this user in; check name, password and rights.")
    if code in _READ_ONLY:
        return StoreError(f"{where} cannot be written: it is read-only for now.")
    if code in _FULL:
        return StoreError(f"{where} has no room left on its disks.")
    if code in {*_TIRED, _MEMORY}:
        return StoreError(f"{where} is too busy; try again ({message}).")
    return StoreError(f"{where} failed: {message}")
