"""The fix of a cause: text to paste, for the side that has to change, in its language.

Templates stand beside this file, `<CODE>/<name>.txt`, the names and what they are for in
languages.toml. A cause that needs a change on either side has templates with the side in
front, `producer-python.txt`. Nothing from a span gets into a fix but names that cannot be
anything else than names.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from analyzer.fixes.templates import (
    SideName,
    load_languages,
    load_templates,
    names_of_scope,
    names_of_system,
    split_name,
)

ANY = "any"
Side = Literal["consumer", "producer", "both"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/-]{0,99}")
_SCOPE = re.compile(r"[A-Za-z0-9@][A-Za-z0-9@._/-]{0,99}")
_SDK_LANGUAGES = {"webjs": "nodejs"}
_VERBS = {"consumer": "receives from", "producer": "sends to"}


@dataclass(frozen=True, slots=True)
class End:
    """One side of a hand-over, as its spans tell it; nothing of it needs to be known."""

    service: str | None = None
    languages: frozenset[str] = frozenset()
    """Values of telemetry.sdk.language; more than one say nothing."""
    scopes: tuple[tuple[str, str | None], ...] = ()
    """Name and version of instrumentation scopes, the one that tells most first."""


@lru_cache(maxsize=4096)
def choose_fix(
    code: str,
    side: Side,
    consumer: End,
    producer: End,
    destination: str | None = None,
    *,
    system: str | None = None,
    advice: str | None = None,
) -> str:
    """The fix of the cause for these two ends, ending with a line that names its page.

    `side` is where the cause is repaired. Where that is both, the text has a part for each,
    or one where the same has to be done. `system` is a messaging.system. What the `advice`,
    a code too, has to say to the consumer comes after it. Raises KeyError for a code without
    templates.
    """
    chosen: dict[str, list[SideName]] = {}
    ends: tuple[SideName, ...] = ("producer", "consumer")
    asked = ends if side == "both" else (side,)
    for each in asked:
        name = _choose(code, each, consumer if each == "consumer" else producer, system)
        chosen.setdefault(name, []).append(each)
    if len(chosen) > 1 and ANY in chosen:
        del chosen[ANY]  # the other says the same, as code
        chosen = {name: list(asked) for name in chosen}
    parts = []
    for name, sides in chosen.items():
        text = load_templates()[code][name]
        header = _tell_sides(sides, consumer, producer, destination, name)
        parts.append("".join(f"{_mark(text)} {line}\n" for line in header) + text)
    if advice is not None:
        parts.append(load_templates()[advice][_choose(advice, "consumer", consumer, system)])
    mark = _mark(parts[-1])
    # Who reads it in a terminal has the repository rather than a server.
    pages = f"{page_of(code)} on the server, docs{page_of(code)}.md in the repository"
    return "\n".join(parts) + f"{mark} Why, and what looks alike: {pages}\n"


def page_of(code: str) -> str:
    """The address of the page that explains the cause."""
    return f"/causes/{code}"


def _choose(code: str, side: str, end: End, system: str | None) -> str:
    templates = load_templates()[code]
    for name in _names(end, system):
        for stem in (f"{side}-{name}", name):
            if stem in templates:
                return stem
    return ANY


def _names(end: End, system: str | None) -> Iterator[str]:
    """Names of templates that would suit, best first."""
    languages = load_languages()
    known = [name for scope, _ in end.scopes for name in names_of_scope(scope)]
    told = {_SDK_LANGUAGES.get(language, language) for language in end.languages}
    told = told or {name for name in known if "-" not in name}
    if len(told) == 1:
        (language,) = told
        special = [*known, *names_of_system(system or "")]
        yield from dict.fromkeys(name for name in special if name.startswith(f"{language}-"))
        if language in languages:
            yield language
    yield ANY


def _tell_sides(
    sides: list[SideName],
    consumer: End,
    producer: End,
    destination: str | None,
    name: str,
) -> Iterator[str]:
    """Where the text goes, in words; names only where they are nothing but names."""
    if len(sides) > 1:
        if name != ANY:  # plain words say it themselves
            yield "On both sides:"
        return
    (side,) = sides
    end = consumer if side == "consumer" else producer
    service = f" {end.service}" if _is_name(end.service) else ""
    place = f", which {_VERBS[side]} {destination}" if _is_name(destination) else ""
    yield f"On the {side}{service}{place}:"
    library = split_name(name)[1]
    for scope, version in end.scopes:
        if "-" in library and library in names_of_scope(scope) and _SCOPE.fullmatch(scope):
            seen = f" {version}" if _is_name(version) else ""
            yield f"(seen there: {scope}{seen})"
            break


def _is_name(text: str | None) -> bool:
    return text is not None and _NAME.fullmatch(text) is not None


def _mark(text: str) -> str:
    """How a comment begins in this text: each template starts with one."""
    return "//" if text.startswith("//") else "#"
