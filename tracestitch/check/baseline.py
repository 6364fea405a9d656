"""Findings that are known: a file that is kept beside the code.

    {"version": 1, "findings": [{"code": "S1", "service_name": "payment-service", …}]}

An entry has the fields of `KNOWN_BY`, so that the file can be read and merged by people.
It has no count: how often a fault is seen depends on how long a test ran.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tracestitch.check.errors import CheckFailure
from tracestitch.check.findings import KNOWN_BY, Finding, Known
from tracestitch.check.writing import write_text

VERSION = 1


def read_baseline(file: Path) -> frozenset[Known]:
    """Raises CheckFailure for a file that is none."""
    try:
        content = json.loads(file.read_bytes())
    except OSError as error:
        raise CheckFailure(
            f"The baseline {file} cannot be read ({error.strerror or error}); "
            "--write-baseline makes one."
        ) from error
    except (ValueError, RecursionError) as error:
        raise CheckFailure(f"The baseline {file} is not JSON ({error}).") from error
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise CheckFailure(f'The baseline {file} does not say "version": {VERSION}.')
    entries = content.get("findings")
    if not isinstance(entries, list):
        raise CheckFailure(f'The baseline {file} has no list "findings".')
    return frozenset(_read_entry(file, entry) for entry in entries)


def _read_entry(file: Path, entry: Any) -> Known:
    if not isinstance(entry, dict) or not isinstance(entry.get("code"), str):
        raise CheckFailure(f'The baseline {file} has a finding without "code".')
    unknown = sorted(set(entry) - set(KNOWN_BY))
    if unknown:
        raise CheckFailure(
            f'The baseline {file} has a finding with "{unknown[0]}"; '
            f"there are {', '.join(KNOWN_BY)}."
        )
    values = tuple(entry.get(name) for name in KNOWN_BY)
    if not all(value is None or isinstance(value, str) for value in values):
        raise CheckFailure(f"The baseline {file} has a finding whose values are not text.")
    return values


def write_baseline(file: Path, findings: Iterable[Finding]) -> int:
    """The number of entries: findings of one fault are one. Raises CheckFailure."""
    told = [
        {name: value for name, value in zip(KNOWN_BY, known, strict=True) if value is not None}
        for known in sort_entries({finding.known_as for finding in findings})
    ]
    write_text(file, json.dumps({"version": VERSION, "findings": told}, indent=2) + "\n")
    return len(told)


def sort_entries(entries: Iterable[Known]) -> list[Known]:
    return sorted(entries, key=lambda known: [text or "" for text in known])


def tell_entry(known: Known) -> str:
    """For people."""
    return ", ".join(text for text in known if text)
