"""HTTP connections of strangers: how many there are and how long each may take.

uvicorn bounds the pause between two requests only. Here a connection that does not send
its request, or does not take its answer, is closed; so is one too many.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from collector.admission import MOST_CONNECTIONS
from collector.http_bodies import BODY_SECONDS

HEAD_SECONDS = 10.0
HEAD_BYTES = 32 * 1024
# What comes of a body that is answered already is read and forgotten for so long: many
# senders look for the answer only when they have sent everything.
LINGER_SECONDS = 10.0
# Without a byte of the answer taken.
ANSWER_SECONDS = 30.0

_TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


class BoundedConnection(H11Protocol):
    """One connection; uvicorn makes them."""

    head_seconds = HEAD_SECONDS
    # Above the limit of the application itself, which can say what is wrong.
    body_seconds = BODY_SECONDS + LINGER_SECONDS
    linger_seconds = LINGER_SECONDS
    answer_seconds = ANSWER_SECONDS
    most_connections = MOST_CONNECTIONS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._awaited: tuple[str, object] | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            transport.write(_TOO_MANY)
            transport.close()
            return
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._reading, self._writing):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_progress()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._writing is not None:
            self._writing.cancel()

    def _expect_progress(self) -> None:
        unsent = self.transport.get_write_buffer_size()

        def check() -> None:
            if self.transport.get_write_buffer_size() < unsent:
                self._expect_progress()
            else:
                self.transport.abort()

        self._writing = self.loop.call_later(self.answer_seconds, check)

    def _watch(self) -> None:
        """Sets the time limit for what is awaited now, unless it runs already."""
        awaited, seconds = self._next()
        if awaited == self._awaited:
            return
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        self._awaited = awaited
        if awaited is not None and not self.transport.is_closing():
            self._reading = self.loop.call_later(seconds, self.transport.abort)

    def _next(self) -> tuple[tuple[str, object] | None, float]:
        """What the sender still owes, of which request, and how long it may take."""
        if self.conn.their_state is h11.SEND_BODY:
            if self.cycle.response_complete:
                return ("rest", self.cycle), self.linger_seconds
            return ("body", self.cycle), self.body_seconds
        begun = self.cycle is None or bool(self.conn.trailing_data[0])
        if self.conn.their_state is h11.IDLE and begun:
            return ("head", self.cycle), self.head_seconds
        return None, 0.0  # its request is here, or uvicorn waits for the next one
