"""OTLP ports for processes under test: gRPC and HTTP, each opened when it is first asked for."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress

from collector.http_receiver import http_app
from collector.otlp_sink import OtlpSink
from collector.responses import success
from tracestitch.config import Address
from tracestitch.listeners import HttpListener, bind

Take = Callable[[bytes], object]
_HOST = "127.0.0.1"


class Ports:
    """Close it at the end. `take` is called on any thread with each ExportTraceServiceRequest,
    and may raise UndecodableRequest."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._grpc: str | None = None
        self._http: str | None = None

    @property
    def grpc(self) -> str:
        """ "host:port" of OTLP/gRPC."""
        with self._lock:
            if self._grpc is None:
                sink = OtlpSink(f"{_HOST}:0", self._take)
                self._stack.enter_context(sink)
                self._grpc = sink.endpoint
            return self._grpc

    @property
    def http(self) -> str:
        """ "host:port" of OTLP/HTTP."""
        with self._lock:
            if self._http is None:
                listening = _HttpThread(self._take)
                self._stack.callback(listening.stop)
                self._http = listening.address
            return self._http

    def close(self) -> None:
        self._stack.close()


class _HttpThread:
    """A listener with an event loop and a thread of its own."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._bound = bind("port", Address(_HOST, 0))
        self.address = f"{_HOST}:{self._bound.getsockname()[1]}"
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stitched-http", daemon=True)
        self._thread.start()
        self._listening.wait()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._listening.set()  # whoever waits is not left waiting

    async def _serve(self) -> None:
        async def receive(payload: bytes) -> bytes:
            self._take(payload)
            return success(0, "")

        self._loop = asyncio.get_running_loop()
        self._listener = HttpListener(http_app(receive), self._bound)
        await self._listener.wait_until_listening()
        self._listening.set()
        await self._listener.task

    def stop(self) -> None:
        with suppress(RuntimeError):  # the loop may have ended
            self._loop.call_soon_threadsafe(self._listener.ask_to_stop)
        self._thread.join()
