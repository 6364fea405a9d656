"""A small OTLP/gRPC receiver on threads of its own, for recorders and tests: hands each export
request on as it was sent, without an event loop."""

import struct
from collections.abc import Callable
from concurrent import futures
from types import TracebackType
from typing import Self

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.decoded import UndecodableRequest
from collector.grpc_receiver import SERVICE
from collector.other_signals import OTHER_SIGNALS
from collector.receiving import MAX_REQUEST_BYTES

_LENGTH = struct.Struct(">I")
_Handler = Callable[[bytes, grpc.ServicerContext], bytes]
_TAKEN = b""  # an empty response of any signal: everything was taken


class OtlpSink:
    """A context manager; listens on a free port of the loopback address by default."""

    def __init__(
        self, address: str = "127.0.0.1:0", take: Callable[[bytes], object] | None = None
    ) -> None:
        """`take` is called on any thread, and may raise UndecodableRequest; without one the
        requests gather in `requests`."""
        self.requests: list[bytes] = []
        self._take = take or self.requests.append  # a list's append is atomic
        self._server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=4),
            options=[("grpc.max_receive_message_length", MAX_REQUEST_BYTES)],
        )
        handlers: dict[str, _Handler] = {SERVICE: self._export}
        # Who sends all signals here is not troubled with errors about the others.
        handlers |= {signal.service: _drop for signal in OTHER_SIGNALS}
        self._server.add_generic_rpc_handlers(
            tuple(
                grpc.method_handlers_generic_handler(
                    service, {"Export": grpc.unary_unary_rpc_method_handler(each)}
                )
                for service, each in handlers.items()
            )
        )
        host, _, _ = address.rpartition(":")
        self.endpoint = f"{host}:{self._server.add_insecure_port(address)}"

    def _export(self, request: bytes, context: grpc.ServicerContext) -> bytes:  # bytes in and out
        try:
            self._take(request)
        except UndecodableRequest as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        return _TAKEN

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop(grace=1).wait()

    def framed(self) -> bytes:
        """All requests, each behind its length in four bytes, big-endian."""
        return b"".join(_LENGTH.pack(len(request)) + request for request in self.requests)

    def parsed(self) -> list[ExportTraceServiceRequest]:
        return [ExportTraceServiceRequest.FromString(request) for request in self.requests]


def _drop(_: bytes, __: grpc.ServicerContext) -> bytes:
    return _TAKEN
