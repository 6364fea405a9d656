"""docs/causes/README.md, made from the table of causes (`make causes`)."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from analyzer.causes import Cause, load_causes
from tests.architecture.sources import ROOT, list_files, parse_module, show
from web.report.causes import list_families, name_conditions

INDEX = ROOT / "docs" / "causes" / "README.md"
# Where causes are tested on spans that were made for them.
_TESTS = [ROOT / "tests" / name for name in ("unit", "golden", "property")]
_ANALYZER = ROOT / "tests" / "unit" / "analyzer"
_OTHERS = {"test_fixes.py", "test_comparison.py", "test_truth.py"}  # name codes, judge nothing
_HEAD = """# Causes

Why an orphan root is one. Causes compete: each row of a cause (`analyzer/causes/<code>.toml`)
says which conditions must hold and how sure that makes us. The first row of a cause that holds
counts (0 rules the cause out), the surest cause is the verdict, the others are listed beside it.
Below 0.5 the answer is
[unknown](unknown.md). *Expected* causes are nobody's mistake or already known: listed, but quiet.
*Remarks* are about hand-overs that left no orphan.

A verdict uses two kinds of facts: what stands on the root and its producer, and facts about its
surroundings that later spans rarely change (does anybody send to this destination, since when, do
others' contexts arrive there, did this consumer ever continue one). The clock is none of them.

How often a verdict is right, by what it says of itself and by cause: [reliability](reliability.md).

The server shows these pages at `/causes`, with the fixes for every language
(`analyzer/fixes/<code>`). This page is made by `make causes`.

| code | cause | | what holds, and how sure that makes us | source | test |
|---|---|---|---|---|---|
"""


def make_index() -> str:
    """The text of the index."""
    return _HEAD + "".join(_row(cause) for _, members in list_families() for cause in members)


def _row(cause: Cause) -> str:
    marks = [
        word
        for word, is_so in (("expected", cause.expected), ("remark", cause.kind == "remark"))
        if is_so
    ]
    fingerprint = "<br>".join(
        f"{line.confidence:g}: {', '.join(name_conditions(line))}" for line in cause.lines
    )
    source = f"[source]({cause.source})" if "://" in cause.source else cause.source
    cells = (
        f"[{cause.code}]({cause.code}.md)",
        cause.title,
        ", ".join(marks),
        fingerprint or "–",
        source or "–",
        _tell_test(cause.code),
    )
    return f"| {' | '.join(cells)} |\n"


def _tell_test(code: str) -> str:
    tests = find_tests()[code]
    if not tests:
        return "–"
    path, name = tests[0]
    return f"[{name.removeprefix('test_').replace('_', ' ')}](../../{show(path)})"


@cache
def find_tests() -> dict[str, list[tuple[Path, str]]]:
    """Code -> (file, function) of the tests that compare something with it; first those that
    have it in their name, then those of the analyzer, then those that name fewest others."""
    found: dict[str, list[tuple[bool, bool, int, Path, str]]] = defaultdict(list)
    for path, name, codes in _list_tests():
        for code in codes:
            unnamed = code.lower() not in name.split("_")
            found[code].append((unnamed, path.parent != _ANALYZER, len(codes), path, name))
    return defaultdict(list, {code: [each[3:] for each in sorted(found[code])] for code in found})


def _list_tests() -> Iterator[tuple[Path, str, set[str]]]:
    """Every test with the codes in its assertions or parameters."""
    paths = [path for folder in _TESTS for path in list_files(folder)]
    for path in paths:
        if path.suffix == ".py" and path.name.startswith("test_") and path.name not in _OTHERS:
            for node in ast.walk(parse_module(path)):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    asserted = [each for each in ast.walk(node) if isinstance(each, ast.Assert)]
                    yield path, node.name, _codes_in(*asserted, *node.decorator_list)


def _codes_in(*places: ast.AST) -> set[str]:
    constants = (node for place in places for node in ast.walk(place))
    values = {node.value for node in constants if isinstance(node, ast.Constant)}
    return {value for value in values if isinstance(value, str) and value in load_causes()}


if __name__ == "__main__":
    INDEX.write_text(make_index(), "utf-8")
