"""HTTP connections of senders that are slow, endless, too many, or do not look."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from collector.http_bodies import BodyReader
from collector.http_connections import HEAD_BYTES, BoundedConnection
from collector.receiving import MAX_REQUEST_BYTES
from tests.builders import request, span
from tests.unit.collector.kept_requests import PROTOBUF, KeptRequests
from tests.unit.collector.listening import serving_http

HEAD = f"POST /v1/traces HTTP/1.1\r\nHost: test\r\nContent-Type: {PROTOBUF}\r\n".encode()
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BODY = request(span())
WHOLE = HEAD + f"Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY


class Hasty(BoundedConnection):
    """What takes long takes a moment here."""

    head_seconds = 0.2
    body_seconds = 0.2
    linger_seconds = 0.2
    answer_seconds = 0.2
    most_connections = 3


Scenario = Callable[[KeptRequests, int], Awaitable[None]]


def run(
    scenario: Scenario, connection: type[BoundedConnection] = BoundedConnection, **settings: Any
) -> KeptRequests:
    async def within() -> KeptRequests:
        kept = KeptRequests()
        async with serving_http(kept, connection, **settings) as port:
            await scenario(kept, port)
        return kept

    return asyncio.run(asyncio.wait_for(within(), 60))


async def read_to_the_end(reader: asyncio.StreamReader) -> bytes:
    """What came until the connection was closed, in whatever way."""
    said = b""
    try:
        while piece := await reader.read(65_536):
            said += piece
    except ConnectionError:
        pass
    return said


async def check_served(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(WHOLE)
    assert b" 200 " in await reader.readline()
    writer.close()


@pytest.mark.parametrize(
    "beginning",
    [b"", b"P", HEAD, WHOLE + b"P", WHOLE + HEAD],
    ids=["nothing", "a letter", "half a head", "a request and a letter", "a second half head"],
)
def test_a_head_that_does_not_end_is_waited_for_a_while(beginning: bytes) -> None:
    async def scenario(kept: KeptRequests, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(beginning)
        said = await read_to_the_end(reader)
        assert said.count(b" 200 OK") == len(kept.payloads) == beginning.count(BODY)
        await check_served(port)
        writer.close()

    run(scenario, Hasty)


def test_a_head_that_comes_letter_by_letter_is_not_waited_for_longer() -> None:
    async def scenario(kept: KeptRequests, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        end = asyncio.create_task(read_to_the_end(reader))
        while not end.done():
            writer.write(b"a")
            await asyncio.sleep(0.01)
        assert await end == b""
        assert kept.payloads == []
        writer.close()

    run(scenario, Hasty)


def test_a_head_that_is_too_long_is_refused() -> None:
    async def scenario(kept: KeptRequests, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"X: " + b"x" * HEAD_BYTES * 2)
        assert b" 400 " in await read_to_the_end(reader)
        assert kept.payloads == []
        await check_served(port)
        writer.close()

    run(scenario)


@pytest.mark.parametrize(
    "beginning",
    [CHUNKED + b"5\r\nspans\r\n", HEAD + b"Content-Length: 67108864\r\n\r\nspans"],
    ids=["chunks", "length"],
)
def test_a_body_that_does_not_end_is_answered_and_closed(beginning: bytes) -> None:
    async def scenario(kept: KeptRequests, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(beginning)
        assert b" 408 " in await read_to_the_end(reader)
        assert kept.payloads == []
        await check_served(port)
        writer.close()

    run(scenario, bodies=BodyReader(seconds=0.1))


def test_a_body_whose_application_does_not_look_is_not_waited_for_either() -> None:
    async def scenario(kept: KeptRequests, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(CHUNKED)
        assert await read_to_the_end(reader) == b""
        assert kept.payloads == []
        writer.close()

    run(scenario, Hasty)


def test_chunks_without_end_are_refused_at_the_limit_and_not_read_for_ever() -> None:
    async def scenario(kept: KeptRequests, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(CHUNKED)
        chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
        end = asyncio.create_task(read_to_the_end(reader))
        sent = 0
        while not end.done():
            writer.write(chunk)
            sent += 1
            try:
                await writer.drain()
            except ConnectionError:
                break
        assert b" 413 " in await end
        assert sent > MAX_REQUEST_BYTES >> 20
        assert kept.payloads == []
        await check_served(port)

    class Impatient(BoundedConnection):
        linger_seconds = 0.2

    run(scenario, Impatient)


def test_what_follows_a_refusal_is_read_so_that_it_can_be_seen() -> None:
    """A sender that sends all before it looks would meet a closed connection."""
    rest = bytes(8 << 20)

    async def scenario(kept: KeptRequests, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = HEAD.replace(PROTOBUF.encode(), b"text/plain")
        writer.write(head + f"Content-Length: {len(rest)}\r\n\r\n".encode())
        assert b" 415 " in await reader.readline()
        writer.write(rest)
        await writer.drain()
        writer.write(WHOLE)  # and the connection goes on
        answers = b""
        while b" 200 " not in answers:
            answers += await reader.readline()
        assert kept.payloads == [BODY]
        writer.close()

    run(scenario)


def test_one_connection_too_many_is_told_to_come_later() -> None:
    class Few(BoundedConnection):
        most_connections = 3

    async def scenario(kept: KeptRequests, port: int) -> None:
        others = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for reader, writer in others:  # all are accepted when all are answered
            writer.write(WHOLE)
            assert b" 200 " in await reader.readline()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        said = await read_to_the_end(reader)
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 1\r\n" in said
        writer.close()
        assert len(kept.payloads) == len(others)
        for _, other in others:
            other.close()
            await other.wait_closed()

    run(scenario, Few)


class Loud(KeptRequests):
    """Answers of OTLP are small; the pages have the same connections."""

    async def __call__(self, payload: bytes) -> bytes:
        await super().__call__(payload)
        return bytes(32 << 20)


async def ask_loudly(port: int, pause: float, pauses: int) -> int:
    """Bytes of the answer that arrive when it is read with so many pauses in between."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(WHOLE.replace(b"Host", b"Connection: close\r\nHost"))
    arrived = len(await reader.readexactly(10))
    transport = writer.transport
    assert isinstance(transport, asyncio.ReadTransport)
    for _ in range(pauses):
        transport.pause_reading()
        await asyncio.sleep(pause)
        transport.resume_reading()
        arrived += len(await reader.readexactly(1 << 20))
    arrived += len(await read_to_the_end(reader))
    writer.close()
    return arrived


def test_a_sender_that_does_not_read_its_answer_is_let_go() -> None:
    async def within() -> None:
        async with serving_http(Loud(), Hasty) as port:
            assert await ask_loudly(port, pause=1.0, pauses=1) < 32 << 20

    asyncio.run(asyncio.wait_for(within(), 60))


def test_a_sender_that_reads_its_answer_slowly_gets_it_whole() -> None:
    class Patient(BoundedConnection):
        answer_seconds = 0.5

    async def within() -> None:
        async with serving_http(Loud(), Patient) as port:
            assert await ask_loudly(port, pause=0.1, pauses=10) > 32 << 20

    asyncio.run(asyncio.wait_for(within(), 60))


def test_nothing_is_taken_after_the_end_and_what_was_under_way_is_answered() -> None:
    async def within() -> None:
        kept = KeptRequests()
        kept.gate.clear()
        serving = serving_http(kept)
        port = await serving.__aenter__()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(WHOLE)
        await kept.entered.wait()
        end = asyncio.create_task(serving.__aexit__(None, None, None))
        await asyncio.sleep(0.3)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        kept.gate.set()
        assert b" 200 " in await read_to_the_end(reader)
        await end
        assert kept.payloads == [BODY]
        writer.close()

    asyncio.run(asyncio.wait_for(within(), 60))
