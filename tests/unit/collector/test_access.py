"""The token: what lets pass, and what a wrong one costs."""

import asyncio

import pytest

from collector.access import MISSING, MOST_HELD_BACK, WRONG, Gate, Tokens, bearer_token

TOKEN = "s3cret-s3cret-s3cret"


def gate(*tokens: str, pause: float = 0.0) -> Gate:
    accepted = Tokens(*(tokens or (TOKEN,)))
    return Gate(lambda: accepted, pause)


def test_the_token_lets_pass() -> None:
    assert gate().refuse(f"Bearer {TOKEN}".encode()) is None
    assert gate().refuse(f"bearer  {TOKEN} ".encode()) is None


@pytest.mark.parametrize(
    "header", [None, b"", b"Bearer", b"Bearer ", b"Basic dTpw", TOKEN.encode()]
)
def test_without_a_bearer_token_one_is_asked_for(header: bytes | None) -> None:
    assert gate().refuse(header) == MISSING


@pytest.mark.parametrize(
    "shown",
    [TOKEN[:-1], TOKEN + "x", TOKEN.upper(), f"{TOKEN},{TOKEN}", f"{TOKEN} x", "\0", "é", "*"],
)
def test_nearly_the_token_is_wrong(shown: str) -> None:
    assert gate().refuse(f"Bearer {shown}".encode()) == WRONG


def test_the_token_before_is_accepted_beside_the_new_one() -> None:
    both = gate("new", "old")

    assert [both.refuse(f"Bearer {token}".encode()) for token in ("new", "old", "older")] == [
        None,
        None,
        WRONG,
    ]


def test_a_change_of_the_token_holds_at_once() -> None:
    accepted = [Tokens("old")]
    changing = Gate(lambda: accepted[-1])
    accepted.append(Tokens("new"))

    assert changing.refuse(b"Bearer old") == WRONG
    assert changing.refuse(b"Bearer new") is None


def test_nothing_shows_the_token() -> None:
    tokens = Tokens(TOKEN)

    assert TOKEN not in repr(tokens) + repr(vars(tokens)) + repr(vars(gate()))


def test_only_guesses_are_held_back_and_only_so_many_at_once() -> None:
    async def scenario() -> None:
        closed = gate(pause=3600)
        await closed.hold_back(MISSING)
        guesses = [asyncio.create_task(closed.hold_back(WRONG)) for _ in range(MOST_HELD_BACK)]
        await asyncio.sleep(0)
        assert not any(guess.done() for guess in guesses)
        await closed.hold_back(WRONG)  # returns at once
        guesses[0].cancel()
        await asyncio.wait(guesses[:1])
        further = asyncio.create_task(closed.hold_back(WRONG))
        await asyncio.sleep(0)
        assert not further.done()
        for task in (*guesses, further):
            task.cancel()

    asyncio.run(scenario())


def test_the_bearer_token_of_a_header() -> None:
    assert bearer_token(b"BEARER abc") == b"abc"
    assert bearer_token(b"Bearerabc") is None
