"""The templates of fixes, and what each is written for."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Literal

SideName = Literal["consumer", "producer"]


@dataclass(frozen=True, slots=True)
class Fix:
    """A template: `side` is None where it is the same for both or there is only one."""

    side: SideName | None
    name: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Language:
    """What templates can be written for: a language, or a library or system in it."""

    title: str
    scope: str | None
    """Pattern of the instrumentation scopes that it is known by."""
    systems: frozenset[str]


@cache
def load_templates() -> dict[str, dict[str, str]]:
    """Code -> name without suffix -> text."""
    folders = [folder for folder in resources.files("analyzer.fixes").iterdir() if folder.is_dir()]
    return {
        folder.name: {
            file.name.removesuffix(".txt"): file.read_text("utf-8")
            for file in folder.iterdir()
            if file.name.endswith(".txt")
        }
        for folder in folders
        if not folder.name.startswith("__")
    }


@cache
def load_languages() -> dict[str, Language]:
    """languages.toml, by name."""
    text = (resources.files("analyzer.fixes") / "languages.toml").read_text("utf-8")
    return {
        name: Language(told["title"], told.get("scope"), frozenset(told.get("systems", ())))
        for name, told in tomllib.loads(text).items()
    }


def list_fixes(code: str) -> list[Fix]:
    """All templates of a cause: by side, the general one first, then by language."""
    titles = load_languages()
    order = {name: place for place, name in enumerate(titles)}
    found = []
    for stem, text in load_templates()[code].items():
        side, name = split_name(stem)
        found.append(Fix(side, name, titles[name].title, text))
    return sorted(found, key=lambda fix: (fix.side != "producer", order[fix.name]))


def split_name(stem: str) -> tuple[SideName | None, str]:
    """`producer-python` is ("producer", "python"), `python` is (None, "python")."""
    if stem.startswith("producer-"):
        return "producer", stem.removeprefix("producer-")
    if stem.startswith("consumer-"):
        return "consumer", stem.removeprefix("consumer-")
    return None, stem


@lru_cache(maxsize=1024)
def names_of_scope(scope: str) -> tuple[str, ...]:
    """Languages and libraries that an instrumentation scope tells: `python`, `python-kafka`."""
    return tuple(
        name
        for name, entry in load_languages().items()
        if entry.scope and re.search(entry.scope, scope)
    )


@lru_cache(maxsize=1024)
def names_of_system(system: str) -> tuple[str, ...]:
    """What is written for a messaging system, in any language: `python-rabbitmq`."""
    return tuple(name for name, entry in load_languages().items() if system in entry.systems)
