"""Who may send and read: a shared token, shown as `Authorization: Bearer …` (RFC 6750).

Pure but for the pause that a wrong token costs. Only digests are kept, so that no dump,
log line or traceback can show a token.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable

# A wrong token is answered after this pause ...
PAUSE_SECONDS = 0.5
# ... unless so many answers are held back already: they cost memory.
MOST_HELD_BACK = 100

CHALLENGE = 'Bearer realm="tracestitch"'
MISSING = (
    "This server takes requests with its token only: send Authorization: Bearer and the token."
)
WRONG = "The token is not this server's."


class Tokens:
    """The tokens that are accepted. Never empty."""

    def __init__(self, *tokens: str) -> None:
        self._digests = tuple(_digest(token.encode()) for token in tokens)

    def __repr__(self) -> str:
        return "Tokens(…)"

    def find(self, shown: bytes) -> bytes | None:
        """Which one is shown, as its digest. Takes the same time whatever is wrong."""
        digest = _digest(shown)
        matches = [known for known in self._digests if hmac.compare_digest(known, digest)]
        return matches[0] if matches else None

    def holds(self, digest: bytes) -> bool:
        """Whether this digest of `find` is still that of an accepted token."""
        return digest in self._digests


class Gate:
    """Says who may pass, by the tokens that hold at the moment."""

    def __init__(self, tokens: Callable[[], Tokens], pause: float = PAUSE_SECONDS) -> None:
        self.tokens = tokens
        self._pause, self._held_back = pause, 0
        self.refused = 0
        """Requests that were not let pass, since the start."""

    def refuse(self, authorization: bytes | None) -> str | None:
        """None when this value of the header lets pass, else why not."""
        shown = None if authorization is None else bearer_token(authorization)
        if shown is None:
            return MISSING
        return None if self.tokens().find(shown) else WRONG

    async def hold_back(self, reason: str) -> None:
        """A pause before a guess is answered; who has shown nothing learns nothing."""
        self.refused += 1
        if reason == MISSING or self._held_back >= MOST_HELD_BACK:
            return
        self._held_back += 1
        try:
            await asyncio.sleep(self._pause)
        finally:
            self._held_back -= 1


def bearer_token(authorization: bytes) -> bytes | None:
    """The token in an Authorization header. The scheme's case does not matter (RFC 9110)."""
    scheme, _, token = authorization.strip().partition(b" ")
    return token.strip() or None if scheme.lower() == b"bearer" else None


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()
