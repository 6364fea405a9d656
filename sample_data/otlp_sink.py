"""A small OTLP gRPC receiver that keeps each export request as it was sent."""

import struct
import threading
from concurrent import futures
from types import TracebackType
from typing import Self

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"
LENGTH = struct.Struct(">I")


class OtlpSink:
    """A context manager; listens on a free port of the loopback address by default."""

    def __init__(self, address: str = "127.0.0.1:0") -> None:
        self.requests: list[bytes] = []
        self._lock = threading.Lock()
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
        export = grpc.unary_unary_rpc_method_handler(self._export)  # bytes in, bytes out
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, {"Export": export}),)
        )
        host, _, _ = address.rpartition(":")
        self.endpoint = f"{host}:{self._server.add_insecure_port(address)}"

    def _export(self, request: bytes, _: grpc.ServicerContext) -> bytes:
        with self._lock:
            self.requests.append(request)
        return b""  # an empty ExportTraceServiceResponse: everything was taken

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
        return b"".join(LENGTH.pack(len(request)) + request for request in self.requests)

    def parsed(self) -> list[ExportTraceServiceRequest]:
        return [ExportTraceServiceRequest.FromString(request) for request in self.requests]
