"""OTLP over gRPC.

A generic handler gets the bytes as they came: the generated servicer would parse them
on the event loop, and answer what it cannot parse with UNKNOWN.
"""

import errno
import socket
from collections.abc import Sequence
from typing import Any

import grpc
import grpc.aio

from collector.admission import MIB, MOST_CONNECTIONS
from collector.grpc_handlers import make_handlers
from collector.other_signals import DroppedSignals
from collector.receiving import MAX_REQUEST_BYTES, Receive

SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"

# At once over one connection: more than exporters send, which wait for answers with tens of
# requests. Each costs memory before its first byte of data.
MOST_CALLS = 256

_OPTIONS = (
    # As over HTTP: connections that do nothing would take all file descriptors.
    ("grpc.max_allowed_incoming_connections", MOST_CONNECTIONS),
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
    # Clients keep back what is more, until others are answered. Else gRPC would refuse some of
    # it, since it counts calls that are answered until it has tidied up after them.
    ("grpc.max_concurrent_streams", MOST_CALLS),
    ("grpc.http.overload_protection", 0),
    # A usual request comes in a few frames, without waiting for the window to be opened again;
    # gRPC opens it for all of a larger one. It need not find out by pings how much a connection
    # carries, then.
    ("grpc.http2.max_frame_size", MIB),
    ("grpc.http2.lookahead_bytes", MIB),
    ("grpc.http2.bdp_probe", 0),
    ("grpc.so_reuseport", 0),  # a second server on the port fails instead of sharing it
    # Exporters and proxies that ping an idle connection are not sent away.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # A client that is no longer there is noticed, also when nothing said goodbye.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    # Until TLS and HTTP/2 are agreed upon; two minutes otherwise.
    ("grpc.server_handshake_timeout_ms", 10_000),
)
# A connection is ended in good order at this age (and opened anew by clients), so that
# load spreads again over several servers; what is still under way after the grace is a
# sender that trickles, and is cut off.
CONNECTION_AGE_SECONDS = 1_800.0
_AGE_GRACE_MS = 30_000


class AddressTaken(OSError):
    """Nothing can listen at the address. The message names it."""


class CertificateRefused(ValueError):
    """gRPC's TLS library cannot use what another could."""


async def start_grpc(
    address: str,
    receive: Receive,
    *,
    dropped: DroppedSignals | None = None,
    credentials: grpc.ServerCredentials | None = None,
    interceptors: "Sequence[grpc.aio.ServerInterceptor[Any, Any]]" = (),
    connection_age_seconds: float = CONNECTION_AGE_SECONDS,
) -> tuple[grpc.aio.Server, int]:
    """A server that listens at `address` ("host:port"), with TLS when there are
    `credentials`, and its port.

    Raises AddressTaken, CertificateRefused.
    """
    _check_free(address)
    age = (
        ("grpc.max_connection_age_ms", round(connection_age_seconds * 1_000)),
        ("grpc.max_connection_age_grace_ms", _AGE_GRACE_MS),
    )
    server = grpc.aio.server(options=(*_OPTIONS, *age), interceptors=interceptors)
    server.add_generic_rpc_handlers(make_handlers(SERVICE, receive, dropped or DroppedSignals()))
    try:
        if credentials is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        if credentials is not None:
            raise CertificateRefused(str(error)) from error
        raise AddressTaken(f"Cannot listen at {address}: {error}") from error
    await server.start()
    return server, port


def _check_free(address: str) -> None:
    """Raises AddressTaken when any of the addresses behind a name such as localhost is
    in use. gRPC is content with one of them, and logs when it gets none."""
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or int(port) == 0:
        return
    try:
        found = socket.getaddrinfo(host.strip("[]") or None, int(port), type=socket.SOCK_STREAM)
    except OSError as error:
        raise AddressTaken(f"Cannot listen at {address}: {error.strerror}.") from error
    for family, kind, protocol, _, target in found:
        try:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(target)
        except OSError as error:  # others, such as no IPv6 here: gRPC says if all fail
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                raise AddressTaken(f"Cannot listen at {address}: {error.strerror}.") from error
