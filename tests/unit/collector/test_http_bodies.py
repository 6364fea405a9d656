"""Bodies of requests, taken in within limits of size, memory and time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from collector.admission import Overloaded
from collector.compression import TooLarge
from collector.http_bodies import BodyReader, BodyTooSlow
from collector.receiving import MAX_REQUEST_BYTES

LIMIT = 100


class Sender:
    """A request whose body comes in pieces, when they are given."""

    def __init__(self, length: str | None = None) -> None:
        self._pieces: asyncio.Queue[Message] = asyncio.Queue()
        headers = [] if length is None else [(b"content-length", length.encode())]
        scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
        self.request = Request(scope, self._pieces.get)

    def give(self, piece: bytes, *, last: bool = False) -> None:
        self._pieces.put_nowait({"type": "http.request", "body": piece, "more_body": not last})

    def leave(self) -> None:
        self._pieces.put_nowait({"type": "http.disconnect"})


def sent(body: bytes) -> Request:
    sender = Sender()
    sender.give(body, last=True)
    return sender.request


async def read_all(bodies: BodyReader, request: Request) -> bytes:
    async with bodies.read(request) as body:
        return body


def run(
    scenario: Callable[[BodyReader], Awaitable[None]], patience: float = 0.02, seconds: float = 30
) -> None:
    async def within() -> None:
        bodies = BodyReader(
            small_bytes=LIMIT,
            max_small_bytes=LIMIT,
            max_large_bytes=3 * LIMIT,
            patience=patience,
            seconds=seconds,
        )
        await scenario(bodies)
        for size in (LIMIT, 3 * LIMIT):  # everything was given back
            async with bodies.read(sent(bytes(size))) as body:
                assert body == bytes(size)

    asyncio.run(asyncio.wait_for(within(), 60))


def test_pieces_are_one_body() -> None:
    async def scenario(bodies: BodyReader) -> None:
        sender = Sender()
        for piece in (b"one ", b"", b"two"):
            sender.give(piece)
        sender.give(b"", last=True)
        async with bodies.read(sender.request) as body:
            assert body == b"one two"

    run(scenario)


def test_what_does_not_fit_beside_others_waits_and_is_then_refused() -> None:
    async def scenario(bodies: BodyReader) -> None:
        async with bodies.read(sent(bytes(60))):
            with pytest.raises(Overloaded):
                await read_all(bodies, sent(bytes(60)))
            await read_all(bodies, sent(bytes(40)))

    run(scenario)


def test_what_does_not_fit_beside_others_is_taken_when_they_are_done() -> None:
    async def scenario(bodies: BodyReader) -> None:
        async with bodies.read(sent(bytes(60))):
            waiting = asyncio.create_task(read_all(bodies, sent(bytes(60))))
            done, _ = await asyncio.wait([waiting], timeout=0.05)
            assert not done
        assert await waiting == bytes(60)

    run(scenario, patience=30)


def test_who_declares_much_and_sends_nothing_takes_nothing() -> None:
    async def scenario(bodies: BodyReader) -> None:
        idle = [Sender(str(MAX_REQUEST_BYTES)) for _ in range(20)]

        tasks = [asyncio.create_task(read_all(bodies, sender.request)) for sender in idle]
        await asyncio.sleep(0.05)
        await read_all(bodies, sent(bytes(LIMIT)))
        for sender in idle:
            sender.leave()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {ClientDisconnect}

    run(scenario)


def test_large_bodies_take_their_whole_length_and_leave_small_ones_their_room() -> None:
    async def scenario(bodies: BodyReader) -> None:
        first = Sender(str(3 * LIMIT))
        first.give(bytes(LIMIT + 1))
        reading = asyncio.create_task(read_all(bodies, first.request))
        await asyncio.sleep(0.05)
        with pytest.raises(Overloaded):
            await read_all(bodies, sent(bytes(LIMIT + 1)))
        await read_all(bodies, sent(bytes(LIMIT)))
        first.give(bytes(2 * LIMIT - 1), last=True)
        assert await reading == bytes(3 * LIMIT)

    run(scenario)


def test_many_large_bodies_at_once_all_arrive() -> None:
    """Each taking only what has come, they would wait for each other's room."""

    async def scenario(bodies: BodyReader) -> None:
        senders = [Sender(str(3 * LIMIT)) for _ in range(2)]
        tasks = [asyncio.create_task(read_all(bodies, sender.request)) for sender in senders]
        for size in (LIMIT // 2, LIMIT, LIMIT):
            for sender in senders:
                sender.give(bytes(size))
            await asyncio.sleep(0.01)
        for sender in senders:
            sender.give(bytes(LIMIT // 2), last=True)
        assert await asyncio.gather(*tasks) == [bytes(3 * LIMIT)] * 2

    run(scenario, patience=30)


@pytest.mark.parametrize("length", [None, "5"])
def test_a_body_without_a_true_length_takes_what_it_may_become(length: str | None) -> None:
    async def scenario(bodies: BodyReader) -> None:
        sender = Sender(length)
        for _ in range(3):
            sender.give(bytes(LIMIT))
        sender.give(b"", last=True)
        assert await read_all(bodies, sender.request) == bytes(3 * LIMIT)

    run(scenario)


def test_a_sender_that_leaves_gives_back_what_it_took() -> None:
    async def scenario(bodies: BodyReader) -> None:
        sender = Sender()
        sender.give(bytes(60))
        sender.leave()
        with pytest.raises(ClientDisconnect):
            await read_all(bodies, sender.request)

    run(scenario)


def test_a_body_that_does_not_come_is_given_up() -> None:
    async def scenario(bodies: BodyReader) -> None:
        sender = Sender()
        sender.give(bytes(60))
        with pytest.raises(BodyTooSlow, match="within"):
            await read_all(bodies, sender.request)

    run(scenario, seconds=0.05)


@pytest.mark.parametrize("length", [str(MAX_REQUEST_BYTES + 1), "9" * 5_000])
def test_a_length_above_the_limit_is_refused_unread(length: str) -> None:
    async def scenario(bodies: BodyReader) -> None:
        with pytest.raises(TooLarge):
            await read_all(bodies, Sender(length).request)

    run(scenario)


def test_a_body_above_its_declared_length_is_held_to_the_limit_too() -> None:
    async def within() -> None:
        sender = Sender("5")
        sender.give(bytes(MAX_REQUEST_BYTES))
        sender.give(b"1")
        with pytest.raises(TooLarge):
            await read_all(BodyReader(), sender.request)

    asyncio.run(asyncio.wait_for(within(), 60))
