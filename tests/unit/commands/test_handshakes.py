"""TLS handshakes that are never finished."""

import asyncio
import socket
import ssl
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse

from tests.certificates import Authority
from tracestitch.config import Address
from tracestitch.listeners import HttpListener, bind
from tracestitch.tls import Certificates, TlsFiles


@pytest.mark.parametrize("beginning", [b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n"])
def test_a_handshake_that_does_not_end_is_cut_off_and_others_go_on(
    beginning: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HttpListener, "handshake_seconds", 0.3)
    authority = Authority(tmp_path)
    issued = authority.issue()

    async def scenario() -> None:
        certificates = Certificates(TlsFiles(issued.cert, issued.key, None))
        bound = bind("--web-address", Address("127.0.0.1", 0))
        port = bound.getsockname()[1]
        listener = HttpListener(PlainTextResponse("inside"), bound, certificates.web_context())
        await listener.wait_until_listening()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(beginning)
        try:
            assert b"inside" not in await reader.read()  # ends when it is cut off
        except ConnectionResetError:
            pass  # it hung up: as good an answer
        finally:
            writer.close()
        context = ssl.create_default_context(cafile=authority.ca)
        async with httpx.AsyncClient(verify=context, trust_env=False) as client:
            assert (await client.get(f"https://localhost:{port}/")).text == "inside"
        await listener.stop()
        with pytest.raises(OSError, match=r"refused|reset"):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_handshakes_under_way_do_not_hold_the_stop(tmp_path: Path) -> None:
    issued = Authority(tmp_path).issue()

    async def scenario() -> None:
        certificates = Certificates(TlsFiles(issued.cert, issued.key, None))
        bound = bind("--web-address", Address("127.0.0.1", 0))
        listener = HttpListener(PlainTextResponse("inside"), bound, certificates.web_context())
        await listener.wait_until_listening()
        connections = [
            await asyncio.open_connection("127.0.0.1", bound.getsockname()[1]) for _ in range(3)
        ]
        await listener.stop()
        for _, writer in connections:
            writer.close()

    asyncio.run(asyncio.wait_for(scenario(), 60))
