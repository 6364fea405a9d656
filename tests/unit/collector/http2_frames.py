"""gRPC calls as frames on the wire, for what a client library would not send."""

import re
import socket
import struct
from typing import NamedTuple

from collector.grpc_receiver import SERVICE

HEADERS, DATA, SETTINGS, END_STREAM, END_HEADERS = 1, 0, 4, 1, 4


class Frame(NamedTuple):
    """Of the flags only END_STREAM."""

    kind: int
    flags: int
    body: bytes


def call_raw(
    port: int, payload: bytes, *, encoding: str = "identity", packed: bool = False
) -> list[Frame]:
    """The frames that answer one call of Export; `packed` as the message says of itself."""
    head = {
        ":method": "POST",
        ":scheme": "http",
        ":path": f"/{SERVICE}/Export",
        ":authority": "test",
        "content-type": "application/grpc",
        "te": "trailers",
        "grpc-encoding": encoding,
    }
    message = bytes([packed]) + struct.pack(">I", len(payload)) + payload
    answer: list[Frame] = []
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            + _frame(SETTINGS, 0, 0, b"")
            + _frame(HEADERS, END_HEADERS, 1, b"".join(_literal(*field) for field in head.items()))
            + _frame(DATA, END_STREAM, 1, message)
        )
        with connection.makefile("rb") as stream:
            while not (answer and answer[-1].flags):
                start = stream.read(9)
                length, kind, flags = int.from_bytes(start[:3], "big"), start[3], start[4]
                body = stream.read(length)
                if int.from_bytes(start[5:], "big") == 1 and kind in (HEADERS, DATA):
                    answer.append(Frame(kind, flags & END_STREAM, body))
    return answer


def status_of(answer: list[Frame]) -> int:
    """The gRPC status, which servers write without compression of any kind."""
    found = re.search(rb"grpc-status.([0-9]+)", answer[-1].body, re.DOTALL)
    assert found
    return int(found[1])


def _frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    """An HTTP/2 frame (RFC 9113, 4.1)."""
    return struct.pack(">I", len(body))[1:] + struct.pack(">BBI", kind, flags, stream) + body


def _literal(name: str, value: str) -> bytes:
    """A header field without indexing (RFC 7541, 6.2.2)."""
    return b"\x00" + b"".join(bytes([len(text)]) + text.encode() for text in (name, value))
