"""Browsers that have shown the token. Belongs to one event loop."""

import hashlib
import secrets
import time
from collections.abc import Callable

from collector.access import WRONG, Gate

SESSION_SECONDS = 7 * 86_400
# Only who knows the token starts one; the bound is for scripts that log in each time.
MOST_SESSIONS = 1_000


class Sessions:
    """A session is a random name in a cookie. Here stand its digest, its end, and which
    token opened it: it ends with the token, with the process, or by logging out."""

    def __init__(self, gate: Gate, clock: Callable[[], float] = time.monotonic) -> None:
        self._gate, self._clock = gate, clock
        self._open: dict[bytes, tuple[float, bytes]] = {}  # the oldest first

    def start(self, token: str) -> str | None:
        """A session's name, for who knows the token."""
        found = self._gate.tokens().find(token.encode("utf-8", "replace"))
        if found is None:
            return None
        while len(self._open) >= MOST_SESSIONS:
            del self._open[next(iter(self._open))]
        name = secrets.token_urlsafe(32)
        self._open[_digest(name)] = (self._clock() + SESSION_SECONDS, found)
        return name

    async def hold_back(self) -> None:
        """A pause before a wrong token is answered."""
        await self._gate.hold_back(WRONG)

    def holds(self, name: str) -> bool:
        """Whether it was started here and has not ended."""
        found = self._open.get(_digest(name))
        if found is None:
            return False
        ends, token = found
        if self._clock() < ends and self._gate.tokens().holds(token):
            return True
        self.end(name)
        return False

    def end(self, name: str) -> None:
        self._open.pop(_digest(name), None)


def _digest(name: str) -> bytes:
    # Looked up by digest: how long a look takes says nothing about the names.
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
