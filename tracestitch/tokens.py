"""The shared token: from a file that may change while the server runs, or given."""

import logging
from collections.abc import Callable
from pathlib import Path

from collector.access import Tokens
from tracestitch.config import TOKEN_VARIABLE as VARIABLE
from tracestitch.watched import UnusableFile, WatchedFiles, read_file

FLAG = "--token-file"
_MOST_CHARACTERS = 4096
# Below this many characters a token can be guessed over the network.
GUESSABLE = 16

log = logging.getLogger(__name__)


def read_token_file(path: Path) -> list[str]:
    """The token, and the one before it where the file has a second line: clients change
    over one by one. Raises UnusableFile."""
    lines = read_file(FLAG, path, 64 * 1024).split(b"\n")
    source = f"{FLAG} {path}"
    tokens = [check_token(lines[0], source)]
    if len(lines) > 1 and lines[1].strip():
        tokens.append(check_token(lines[1], f"The second line of {source}"))
    return tokens


def check_token(line: bytes, source: str) -> str:
    """The token without the space around it. Raises UnusableFile that names the source."""
    token = line.strip()
    if not token:
        raise UnusableFile(f"{source} holds no token; its first line is the token.")
    if len(token) > _MOST_CHARACTERS or not all(0x21 <= byte <= 0x7E for byte in token):
        raise UnusableFile(
            f"{source} holds something that fits no header: a token is up to"
            f" {_MOST_CHARACTERS:,} printable ASCII characters without spaces."
        )
    return token.decode("ascii")


def open_tokens(file: Path | None, given: str | None) -> Callable[[], Tokens] | None:
    """What holds at the moment, by the file or else as given; None when there is neither.
    Raises UnusableFile."""
    if file is not None:

        def load() -> Tokens:
            tokens = read_token_file(file)
            _warn_of_guessing(tokens[0], f"{FLAG} {file}")
            return Tokens(*tokens)

        return WatchedFiles([file], load).current
    if given is not None:
        token = check_token(given.encode("utf-8", "surrogateescape"), VARIABLE)
        _warn_of_guessing(token, VARIABLE)
        fixed = Tokens(token)
        return lambda: fixed
    return None


def client_token(file: Path | None, given: str | None) -> str | None:
    """What a client shows: the first line of the file, or else as given. Raises
    UnusableFile."""
    if file is not None:
        return read_token_file(file)[0]
    return (
        None if given is None else check_token(given.encode("utf-8", "surrogateescape"), VARIABLE)
    )


def _warn_of_guessing(token: str, source: str) -> None:
    if len(token) < GUESSABLE:
        log.warning(
            "The token of %s has fewer than %d characters and can be guessed; make one with"
            " `openssl rand -hex 32`.",
            source,
            GUESSABLE,
        )
