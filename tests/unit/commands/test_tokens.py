"""Where the token comes from."""

from pathlib import Path

import pytest

from tracestitch.tokens import client_token, open_tokens
from tracestitch.watched import UnusableFile

LONG = "0123456789abcdef0123456789abcdef"


def write(tmp_path: Path, content: bytes) -> Path:
    file = tmp_path / "token"
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    "content", [LONG.encode(), f"{LONG}\n".encode(), f"  {LONG}\r\n\r\n# why\n".encode()]
)
def test_the_first_line_is_the_token(content: bytes, tmp_path: Path) -> None:
    tokens = open_tokens(write(tmp_path, content), None)

    assert tokens is not None
    assert tokens().find(LONG.encode())
    assert not tokens().find(b"")
    assert not tokens().find(b"# why")


def test_the_second_line_is_the_token_before(tmp_path: Path) -> None:
    file = write(tmp_path, f"{LONG}\nolder-older-older-older\nold\n".encode())
    tokens = open_tokens(file, None)

    assert tokens is not None
    assert tokens().find(b"older-older-older-older")
    assert not tokens().find(b"old")
    assert client_token(file, None) == LONG


def test_the_file_beats_the_environment(tmp_path: Path) -> None:
    file = write(tmp_path, LONG.encode())
    tokens = open_tokens(file, "other-other-other-other")

    assert tokens is not None
    assert not tokens().find(b"other-other-other-other")
    assert client_token(file, "other") == LONG


def test_without_file_and_environment_there_is_none() -> None:
    assert open_tokens(None, None) is None
    assert client_token(None, None) is None


@pytest.mark.parametrize("content", [b"", b"\n", b" \t\nsecond\n", b"a b", b"\xff\xfe", b"a\0b"])
def test_what_is_no_token_is_refused_without_showing_it(content: bytes, tmp_path: Path) -> None:
    file = write(tmp_path, content)

    with pytest.raises(UnusableFile, match=rf"^--token-file {file} holds ") as raised:
        open_tokens(file, None)
    assert "second" not in str(raised.value)


@pytest.mark.parametrize("given", ["", "  ", "a b", "\udcff", "x" * 4097])
def test_an_environment_that_holds_no_token_is_refused_and_not_ignored(given: str) -> None:
    with pytest.raises(UnusableFile, match=r"^TRACESTITCH_TOKEN holds "):
        open_tokens(None, given)


def test_a_short_token_is_warned_of_without_showing_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    open_tokens(write(tmp_path, b"hunter2"), None)
    open_tokens(None, "hunter2")
    assert len(caplog.records) == 2
    assert "can be guessed" in caplog.text
    assert "hunter2" not in caplog.text

    caplog.clear()
    open_tokens(write(tmp_path, LONG.encode()), None)
    assert caplog.records == []
