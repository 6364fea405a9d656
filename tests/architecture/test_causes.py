"""Every cause is explained, repaired, sourced and tested; nothing is explained that is none."""

import re
import tomllib
from pathlib import Path

import pytest

from analyzer.causes import load_causes
from analyzer.conditions import CONDITIONS
from analyzer.fixes.templates import load_templates
from tests.architecture.cause_index import INDEX, find_tests, make_index
from tests.architecture.sources import ROOT, list_files
from web.report import explanations

RELIABILITY = INDEX.parent / "reliability.md"
PAGES = {path.stem: path for path in list_files(INDEX.parent) if path not in (INDEX, RELIABILITY)}
SECTIONS = ["How it is told", "How sure", "What looks alike", "Fix", "Sources"]


def test_every_cause_has_a_page_and_every_page_a_cause() -> None:
    assert sorted(PAGES) == sorted(load_causes())


def test_every_cause_has_fixes_and_every_fix_a_cause() -> None:
    assert sorted(load_templates()) == sorted(load_causes())


@pytest.mark.parametrize("code", sorted(load_templates()))
def test_every_cause_has_a_fix_for_a_side_whose_language_is_unknown(code: str) -> None:
    names = set(load_templates()[code])

    assert "any" in names or {"consumer-any", "producer-any"} <= names


@pytest.mark.parametrize("code", sorted(PAGES))
def test_a_page_has_the_title_of_its_cause_and_all_sections(code: str) -> None:
    text = PAGES[code].read_text("utf-8")
    cause = load_causes()[code]

    assert text.startswith(f"# {code}: {cause.title}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert f"]({cause.source})" in text.split("## Sources")[1], "its source is named on the page"


@pytest.mark.parametrize("code", sorted(PAGES))
def test_links_of_a_page_lead_to_pages_or_away(code: str) -> None:
    """The server shows these pages, and of all documents only these."""
    targets = re.findall(r"\]\(([^)]+)\)", PAGES[code].read_text("utf-8"))
    pages = {f"{page}.md" for page in PAGES}

    assert [t for t in targets if t not in pages and not t.startswith("https://")] == []


def test_every_cause_that_can_be_a_verdict_has_a_test() -> None:
    judged = [code for code, cause in load_causes().items() if cause.lines]

    assert [code for code in judged if not find_tests()[code]] == []


def test_every_condition_is_one_of_a_row() -> None:
    lines = [line for cause in load_causes().values() for line in cause.lines]
    used = {condition.name for line in lines for condition, _ in line.holds}

    assert sorted(set(CONDITIONS) - used) == []


@pytest.mark.parametrize("code", sorted(load_causes()))
def test_no_row_stands_behind_one_that_holds_whenever_it_does(code: str) -> None:
    rows = [
        {(condition.name, wanted) for condition, wanted in line.holds}
        for line in load_causes()[code].lines
    ]
    hidden = [row for n, row in enumerate(rows) if any(before <= row for before in rows[:n])]

    assert hidden == []


def test_the_index_says_what_the_table_says() -> None:
    assert INDEX.read_text("utf-8") == make_index(), "`make causes` writes it anew"


def test_a_wheel_holds_the_pages_where_the_server_looks_for_them() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"][
        "targets"
    ]["wheel"]
    packages = {path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file()}
    target = Path(explanations.__file__).parents[1] / "cause_pages"

    assert set(wheel["only-include"]) - {"docs/causes"} <= packages
    assert wheel["sources"] == {"docs/causes": target.relative_to(ROOT).as_posix()}
    assert target in explanations.PLACES
