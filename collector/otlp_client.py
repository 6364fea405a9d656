"""Sending requests to an OTLP/gRPC receiver, ours or another."""

import threading
from dataclasses import dataclass

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.grpc_receiver import SERVICE

_RETRIES = (0.2, 0.5, 1.0, 2.0)  # seconds before each further attempt
_TIMEOUT_SECONDS = 30.0


class ReceiverUnreachable(Exception):
    """Nobody took the request. The message is a sentence."""


class RequestRefused(Exception):
    """The receiver said no. The message is a sentence."""


@dataclass(frozen=True, slots=True, repr=False)
class ClientTls:
    """The authorities that the receiver's certificate comes from (None: the usual ones),
    and what the client shows itself. All PEM."""

    ca: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None


class OtlpClient:
    """A channel to one receiver; `send` may be called from any thread."""

    def __init__(
        self, address: str, *, token: str | None = None, tls: ClientTls | None = None
    ) -> None:
        """`address` as "host:port"."""
        self._address = address
        self._metadata = () if token is None else (("authorization", f"Bearer {token}"),)
        # A receiver in one's own network is not reached over a proxy.
        options = [("grpc.enable_http_proxy", 0)]
        if tls is None:
            self._channel = grpc.insecure_channel(address, options)
        else:
            shown = grpc.ssl_channel_credentials(tls.ca, tls.key, tls.certificate)
            self._channel = grpc.secure_channel(address, shown, options)
        # Bytes in, bytes out.
        self._export = self._channel.unary_unary(
            f"/{SERVICE}/Export", request_serializer=None, response_deserializer=None
        )
        self._closing = threading.Event()

    def send(self, payload: bytes) -> int:
        """Spans that the receiver left out. Raises ReceiverUnreachable, RequestRefused."""
        for pause in (*_RETRIES, None):
            try:
                answer = self._export(payload, timeout=_TIMEOUT_SECONDS, metadata=self._metadata)
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise RequestRefused(
                        f"{self._address} refused a request"
                        f" ({error.code().name}: {error.details()})."
                    ) from error
                if pause is None or self._closing.is_set():
                    raise ReceiverUnreachable(
                        f"Nobody takes OTLP/gRPC at {self._address} ({error.details()})."
                    ) from error
                self._closing.wait(pause)
            except ValueError as error:  # grpc's word for a channel that `close` has closed
                raise ReceiverUnreachable(f"Sending to {self._address} was ended.") from error
            else:
                return _count_rejected(answer)
        raise AssertionError  # not reached: the last attempt returns or raises

    def close(self) -> None:
        """Ends what is under way."""
        self._closing.set()
        self._channel.close()


def _count_rejected(answer: bytes) -> int:
    return ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans
