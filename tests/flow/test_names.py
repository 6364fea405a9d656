"""Names by which a server is called, on real sockets: what a browser's page could abuse."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.flow.servers import RunningServer, serving

HOSTILE = [
    *(b"evil.example", b"evil.example:8080", b"[::1", b"[", b"]", b"a b", b"localhost/../x"),
    *(b"localhost@evil.example", b"\xff\xfe", b"x" * 10_000, b"%00", b"10.0.0.1", b"", b":"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with serving(None, "--allowed-host=traces.example") as running:
        yield running


def ask(address: str, request: bytes) -> tuple[int, bytes]:
    """Status and answer to raw bytes."""
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    return int(answer.split(b" ", 2)[1]), answer


def get(address: str, path: str, host: bytes | None, *headers: bytes) -> tuple[int, bytes]:
    fields = [] if host is None else [b"Host: " + host]
    fields += [*headers, b"Connection: close"]
    version = b"1.0" if host is None else b"1.1"
    head = b"\r\n".join([b"GET " + path.encode() + b" HTTP/" + version, *fields])
    return ask(address, head + b"\r\n\r\n")


@pytest.mark.parametrize("host", HOSTILE, ids=lambda host: repr(host[:20]))
@pytest.mark.parametrize("path", ["/", "/api/v1/status", "/nowhere", "/static/page.js"])
def test_pages_and_api_answer_to_no_foreign_name(
    path: str, host: bytes, server: RunningServer
) -> None:
    for accept in (b"Accept: text/html", b"Accept: */*"):
        status, answer = get(server.web, path, host, accept)
        assert status in (400, 421)
        assert b"pending_spans" not in answer
        assert b"Traceback" not in answer


@pytest.mark.parametrize("host", [b"localhost", b"127.0.0.1:1", b"[::1]:8080", b"Traces.Example"])
def test_they_answer_to_their_own(host: bytes, server: RunningServer) -> None:
    assert get(server.web, "/api/v1/status", host)[0] == 200


def test_a_probe_without_a_name_is_no_browser(server: RunningServer) -> None:
    assert get(server.web, "/healthz", None)[0] == 200


@pytest.mark.parametrize("host", HOSTILE, ids=lambda host: repr(host[:20]))
def test_otlp_answers_calmly_whatever_the_name(host: bytes, server: RunningServer) -> None:
    for path in ("/v1/traces", "/nowhere"):
        plain, _ = get(server.http, path, host)
        page, _ = get(server.http, path, host, b"Origin: http://evil.example")
        assert plain in (400, 404, 405)
        assert page in (400, 421)


def test_what_was_refused_left_no_traceback() -> None:
    with serving(None) as server:
        for host in HOSTILE:
            get(server.web, "/", host)
            get(server.http, "/nowhere", host)
        code, said = server.stop()

    assert code == 0
    assert "Traceback" not in said
    assert "evil.example" not in said
