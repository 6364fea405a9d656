"""Listening: gRPC and uvicorn as guests on one event loop."""

import asyncio
import errno
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from ssl import SSLContext
from typing import Any

import click
import uvicorn

from collector.grpc_receiver import AddressTaken, CertificateRefused, start_grpc
from collector.http_connections import HEAD_BYTES, BoundedConnection
from collector.receiving import Receive
from tracestitch.config import Address

# How long requests under way may take when the server stops: all listeners together
# stay within the ten seconds that container runtimes wait.
STOP_SECONDS = 3
# Longer than the pause between two exports of an SDK, which would meet a closed connection.
KEEP_ALIVE_SECONDS = 75
# Until TLS is agreed upon; a connection counts for its limits only afterwards.
HANDSHAKE_SECONDS = 10.0
# The date that HTTP answers have is this old at most.
_TICK_SECONDS = 1.0


class Listeners:
    """Starts listeners, stops them together, and knows whether they still run."""

    def __init__(self) -> None:
        self._stops: list[Callable[[], Awaitable[None]]] = []
        self._running: dict[str, asyncio.Task[Any]] = {}

    async def add_grpc(
        self, flag: str, address: Address, receive: Receive, **settings: Any
    ) -> Address:
        """The address with its real port; `settings` are arguments of `start_grpc`. Raises
        ClickException when the address is taken."""
        bind(flag, address).close()  # gRPC would not say why it cannot
        try:
            server, port = await start_grpc(str(address), receive, **settings)
        except AddressTaken as error:
            raise cannot_listen(flag, address, error) from error
        except CertificateRefused as error:
            raise click.ClickException(
                "gRPC cannot use --tls-cert with --tls-key and --tls-client-ca; take an RSA or"
                " ECDSA key of usual size, and PEM files with nothing else in them."
            ) from error
        self._stops.append(partial(server.stop, STOP_SECONDS))
        self._running["OTLP/gRPC"] = asyncio.create_task(server.wait_for_termination())
        return address.with_port(port)

    async def add_http(
        self, name: str, flag: str, address: Address, app: Any, tls: SSLContext | None
    ) -> Address:
        """The same for an ASGI application."""
        bound = bind(flag, address)
        listener = HttpListener(app, bound, tls)
        self._stops.append(listener.stop)
        await listener.wait_until_listening()
        self._running[name] = listener.task
        return address.with_port(bound.getsockname()[1])

    async def stop(self) -> None:
        """They accept nothing more; returns when what was under way is answered."""
        await asyncio.gather(*(stop() for stop in self._stops))

    def check(self) -> None:
        """Raises RuntimeError with a sentence when one has ended. From any thread."""
        for name, task in self._running.items():
            if task.done():
                raise RuntimeError(f"{name} no longer listens; restart the server.")


def bind(flag: str, address: Address) -> socket.socket:
    """A listening socket. Raises ClickException that names the flag."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family, backlog=2048)
    except OSError as error:
        raise cannot_listen(flag, address, error) from error


def cannot_listen(flag: str, address: Address, error: OSError) -> click.ClickException:
    if error.errno == errno.EADDRINUSE:
        reason = "it is in use"
    else:  # asyncio and socket add the address, which stands in the sentence already
        reason = (error.strerror or str(error)).partition(" (while")[0]
    return click.ClickException(f"Cannot listen on {address} ({reason}); choose another {flag}.")


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """A request that the stop cut off is nobody's fault."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


logging.getLogger("uvicorn.error").addFilter(_is_worth_a_line)


class HttpListener(uvicorn.Server):
    """An ASGI application on a socket, inside a loop that has its own signal handlers."""

    handshake_seconds = HANDSHAKE_SECONDS

    def __init__(self, app: Any, bound: socket.socket, tls: SSLContext | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=BoundedConnection,
                h11_max_incomplete_event_size=HEAD_BYTES,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=STOP_SECONDS,
                ssl_context_factory=None if tls is None else lambda *_: tls,
            )
        )
        self._bound = bound
        self._listening, self._ending = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(self.serve(sockets=[bound]))

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        tls = self.config.ssl
        await super().startup(sockets if tls is None else [])
        if tls is not None:  # uvicorn itself would wait a minute for each handshake
            server = await asyncio.get_running_loop().create_server(
                self._make_connection,
                sock=self._bound,
                ssl=tls,
                ssl_handshake_timeout=self.handshake_seconds,
                backlog=self.config.backlog,
            )
            self.servers.append(server)
        self._listening.set()

    async def main_loop(self) -> None:
        # uvicorn's own looks ten times a second whether it is to end; a server that idles or is
        # busy with spans pays for that. The first tick of ten also sets the date of answers.
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), _TICK_SECONDS)

    def _make_connection(self) -> BoundedConnection:
        return BoundedConnection(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    async def wait_until_listening(self) -> None:
        listening = asyncio.create_task(self._listening.wait())
        await asyncio.wait({listening, self.task}, return_when=asyncio.FIRST_COMPLETED)
        if not self._listening.is_set():
            listening.cancel()
            self.task.result()

    async def stop(self) -> None:
        """Accepts nothing more, answers what is under way, returns."""
        self.ask_to_stop()
        await self.task

    def ask_to_stop(self) -> None:
        """As `stop`, without waiting for it. Only on the thread of the loop."""
        self.should_exit = True
        self._ending.set()
