"""What a running server writes to its standard error."""

import json
import socket

import pytest

from tests.flow.servers import serving


def send_garbage(address: str) -> None:
    host, _, port = address.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"secret-4711 \x00\x01 no HTTP\r\n\r\n")
        while connection.recv(4096):
            pass


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_storm_of_garbage_is_one_line_that_does_not_quote_it(format_: str) -> None:
    with serving(None, f"--log-format={format_}") as server:
        for _ in range(20):
            send_garbage(server.http)
        code, said = server.stop()
    lines = [line for line in said.splitlines() if "level" in line]
    assert code == 0
    assert len(lines) == 1
    assert "4711" not in said
    if format_ == "json":
        assert json.loads(lines[0])["level"] == "warning"
    else:
        assert " level=warning " in lines[0]
