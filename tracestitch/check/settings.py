"""What a check goes by: the table [tool.tracestitch.check] and what flags add to it."""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from analyzer.causes import load_causes
from tracestitch.check.errors import CheckFailure
from tracestitch.check.expectations import Expectation, parse_expectation
from tracestitch.config import parse_correlation_key, parse_path

PROJECT = Path("pyproject.toml")
_TABLE = ("tool", "tracestitch", "check")
_NAME = ".".join(_TABLE)
_LISTS = ("expect", "allow", "correlation-keys")
_SWITCHES = ("strict", "advise")
_KEYS = (*_LISTS, "baseline", *_SWITCHES)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Settings:
    expectations: tuple[Expectation, ...] = ()
    allowed: tuple[str, ...] = ()
    """Codes of causes."""
    baseline: Path | None = None
    correlation_keys: tuple[str, ...] = ()
    strict: bool = False
    advise: bool = False

    def with_flags(self, flags: "Settings") -> "Settings":
        """Lists add up, without repeating; a baseline wins; a switch that is on stays on."""
        return replace(
            self,
            expectations=tuple(dict.fromkeys((*self.expectations, *flags.expectations))),
            allowed=tuple(dict.fromkeys((*self.allowed, *flags.allowed))),
            baseline=flags.baseline or self.baseline,
            correlation_keys=tuple(
                dict.fromkeys((*self.correlation_keys, *flags.correlation_keys))
            ),
            strict=self.strict or flags.strict,
            advise=self.advise or flags.advise,
        )


def parse_code(text: str) -> str:
    """The code of a cause. Raises ValueError with those that exist."""
    codes = {code.lower(): code for code, cause in load_causes().items() if cause.kind == "cause"}
    code = codes.get(text.strip().lower())
    if code is None:
        raise ValueError(f"causes of orphan roots are {', '.join(codes.values())}")
    return code


def read_settings(file: Path | None) -> Settings:
    """Of a file that is named, or of the pyproject.toml where the command runs, if there is
    one. A file's table is [tool.tracestitch.check], or the whole file where it has no such
    table and is no pyproject.toml. Raises CheckFailure."""
    path = file or PROJECT
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        if file is None:
            return Settings()
        raise _unreadable(path, error) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ValueError, RecursionError) as error:  # no UTF-8 is a ValueError, too
        raise CheckFailure(f"{path} is not TOML ({error}).") from error
    table: Any = content
    for name in _TABLE:
        table = table.get(name) if isinstance(table, dict) else None
    if table is None:
        if path.name == PROJECT.name:
            return Settings()
        table = content
    if not isinstance(table, dict):
        raise CheckFailure(f"{path}: {_NAME} is not a table.")
    return _settings_of(path, table)


def _unreadable(path: Path, error: OSError) -> CheckFailure:
    return CheckFailure(f"{path} cannot be read ({error.strerror or error}).")


def _settings_of(path: Path, table: dict[str, Any]) -> Settings:
    unknown = sorted(set(table) - set(_KEYS))
    if unknown:
        raise CheckFailure(
            f'{path}: there is no "{unknown[0]}" in [{_NAME}]; there are {", ".join(_KEYS)}.'
        )
    lists = {name: _read_texts(path, table, name) for name in _LISTS}
    for name in _SWITCHES:
        if not isinstance(table.get(name, False), bool):
            raise CheckFailure(f'{path}: "{name}" is true or false.')
    baseline = table.get("baseline")
    if not isinstance(baseline, str | None):
        raise CheckFailure(f'{path}: "baseline" is the path of a file.')
    named = _parse_all(path, [] if baseline is None else [baseline], parse_path)
    return Settings(
        expectations=_parse_all(path, lists["expect"], parse_expectation),
        allowed=_parse_all(path, lists["allow"], parse_code),
        baseline=path.parent / named[0] if named else None,
        correlation_keys=_parse_all(path, lists["correlation-keys"], parse_correlation_key),
        strict=table.get("strict", False),
        advise=table.get("advise", False),
    )


def _read_texts(path: Path, table: dict[str, Any], name: str) -> Sequence[str]:
    value = table.get(name, [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise CheckFailure(f'{path}: "{name}" is a list of texts.')
    return value


def _parse_all(
    path: Path, texts: Sequence[str], parse: Callable[[str], Value]
) -> tuple[Value, ...]:
    parsed = []
    for text in texts:
        try:
            parsed.append(parse(text))
        except ValueError as error:
            raise CheckFailure(f'{path}: "{text}": {error}.') from error
    return tuple(parsed)
