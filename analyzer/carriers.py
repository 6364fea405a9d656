"""Which carrier of the context a library writes and reads (carriers.toml)."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

ATTRIBUTES, XRAY = "attributes", "x-ray"


@dataclass(frozen=True, slots=True)
class Library:
    scope: re.Pattern[str]
    below: tuple[int, ...] | None
    writes: frozenset[str] | None
    """None where it does not send."""
    reads: frozenset[str] | None
    """None where it leaves reading to the application."""
    names: bool
    """Every message that it sends has a span with its id."""

    def fits(self, scope: str, version: tuple[int, ...] | None) -> bool:
        if not self.scope.search(scope):
            return False
        return self.below is None or (version is not None and version < self.below)


@lru_cache(maxsize=10_000)
def find_library(scope: str | None, version: str | None = None) -> Library | None:
    """The library of a scope. None for an application's own, and for libraries that know
    nothing of AWS."""
    number = _read_version(version)
    return next((each for each in _libraries() if scope and each.fits(scope, number)), None)


def read_later(scope: str | None, version: str | None) -> frozenset[str]:
    """What the newest version of a scope's library reads where this one is older than it;
    else nothing."""
    library = find_library(scope, version)
    newest = next((each for each in _libraries() if scope and each.fits(scope, None)), None)
    if library is None or newest is None or newest is library:
        return frozenset()
    return newest.reads or frozenset()


def written_by(scopes: Iterable[str]) -> frozenset[str] | None:
    """All carriers that these senders write. None where any of them is no such library, or
    where there are none: then it may be any."""
    found = [find_library(scope) for scope in scopes]
    if not found:
        return None
    written: set[str] = set()
    for library in found:
        if library is None or library.writes is None:
            return None
        written |= library.writes
    return frozenset(written)


@cache
def _libraries() -> tuple[Library, ...]:
    text = resources.files("analyzer").joinpath("carriers.toml").read_text("utf-8")
    return tuple(
        Library(
            scope=re.compile(each["scope"]),
            below=_read_version(each.get("below")),
            writes=frozenset(each["writes"]) if "writes" in each else None,
            reads=frozenset(each["reads"]) if "reads" in each else None,
            names=each.get("names", False),
        )
        for each in tomllib.loads(text)["library"]
    )


def _read_version(version: str | None) -> tuple[int, ...] | None:
    """ "0.65b0" -> (0, 65, 0); None where it has no numbers."""
    numbers = tuple(int(number) for number in re.findall(r"\d{1,9}", version or "")[:4])
    return numbers or None
