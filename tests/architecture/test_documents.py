"""The documentation says what is there: options, routes, folders, commands."""

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import click
import pytest

from storage.schema import load_attributes
from tests.architecture.sources import ROOT, list_files, list_folders, list_modules, show
from tracestitch.cli import main
from tracestitch.testing.stitched import Stitched
from web.routing import Router

DOCS = ROOT / "docs"
PYTEST_PLUGIN = "tracestitch/pytest_plugin.py"


@cache
def read(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def list_options(command: click.Command, name: str) -> Iterator[tuple[str, click.Option]]:
    """(command, option) of a command and of all below it."""
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield name, parameter
    if isinstance(command, click.Group):
        for child in command.commands.values():
            yield from list_options(child, f"{name} {child.name}")


def test_every_option_is_documented() -> None:
    text = read("docs/configuration.md")
    missing = [
        f"{command} {flag}"
        for command, option in list_options(main, "tracestitch")
        for flag in option.opts
        if flag.startswith("--") and f"`{flag}" not in text
    ]

    assert missing == []


def test_every_command_is_documented() -> None:
    text = read("docs/configuration.md")

    assert [name for name in main.commands if f"`tracestitch {name}" not in text] == []


def test_every_environment_variable_is_documented() -> None:
    text = read("docs/configuration.md")
    variables = {
        variable
        for _, option in list_options(main, "tracestitch")
        for variable in ([option.envvar] if isinstance(option.envvar, str) else option.envvar or [])
    }

    assert [variable for variable in sorted(variables) if f"`{variable}`" not in text] == []


def test_no_documented_option_is_gone() -> None:
    options = {flag for _, option in list_options(main, "tracestitch") for flag in option.opts}
    documented = set(re.findall(r"^\| `(--[a-z-]+)", read("docs/configuration.md"), re.MULTILINE))

    assert documented - options == set()


def list_paths() -> set[tuple[str, str]]:
    """Method and path of every router that a module of web/ makes; an application wraps its
    routers and does not list them."""
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in list_modules("web")]
    modules = [import_module(name) for name in names]
    routers = [
        value for module in modules for value in vars(module).values() if isinstance(value, Router)
    ]
    return {
        (method, route.path)
        for router in routers
        for route in router.routes
        for method in (route.methods or set()) - {"HEAD"}
    }


def test_what_the_pytest_plugin_offers_is_documented() -> None:
    text = read("docs/testing-propagation.md")
    offered = [name for name in vars(Stitched) if name[0] != "_" and name != "close"]
    settings = re.findall(r'"(--stitched[a-z-]+|stitched_[a-z_]+)",', read(PYTEST_PLUGIN))

    assert {"assert_propagated", "journey"} <= set(offered)
    assert {"--stitched-timeout", "stitched_timeout"} <= set(settings)
    assert [n for n in offered if f".{n}" not in text and f"`{n}" not in text] == []
    assert [name for name in settings if name not in text] == []


def test_every_route_is_documented() -> None:
    text = read("docs/api.md")
    paths = list_paths()

    assert {("GET", "/"), ("GET", "/healthz"), ("POST", "/logout")} <= paths
    assert [f"{m} {path}" for m, path in sorted(paths) if f"`{m} {path}`" not in text] == []


def test_every_folder_has_its_purpose_in_the_architecture() -> None:
    text = read("docs/architecture.md")
    many_alike = {Path("sample_data/recordings"), Path("analyzer/fixes")}
    folders = [f for f in list_folders() if f.parent not in many_alike]

    assert [f"{f.as_posix()}/" for f in folders if f"`{f.as_posix()}/`" not in text] == []


def test_make_commands_in_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    named = {
        command
        for path in list_files()
        if path.suffix == ".md"
        for command in re.findall(r"(?:^|`)make ([a-z]+)", path.read_text("utf-8"), re.MULTILINE)
    }

    assert {"run", "test"} <= named
    assert named - targets == set()


def test_every_make_target_is_phony_and_explained() -> None:
    makefile = read("Makefile")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)

    assert phony
    explained = re.findall(r"^([a-z]+):.*## \S", makefile, re.MULTILINE)
    assert sorted(phony[1].split()) == sorted(explained)


def test_continuous_integration_runs_the_test_command() -> None:
    script = ROOT / ".ci" / "run"

    assert "make test" in script.read_text("utf-8").splitlines()
    assert script.stat().st_mode & 0o111


@pytest.mark.parametrize(
    "document", [path for path in list_files() if path.suffix == ".md"], ids=show
)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text("utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    local = [target for target in targets if "://" not in target]

    assert [target for target in local if not (document.parent / target).exists()] == []


def test_every_document_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        document = waiting.pop()
        if document in seen or document.suffix != ".md":
            continue
        seen.add(document)
        targets = re.findall(r"\]\(([^)#\s]+)", document.read_text("utf-8"))
        waiting += [(document.parent / t).resolve() for t in targets if "://" not in t]

    assert [
        show(path) for path in list_files(DOCS) if path.suffix == ".md" and path not in seen
    ] == []


def test_attribute_names_are_documented() -> None:
    """Every typed column has a row in docs/messaging-attributes.md with its first name."""
    text = read("docs/messaging-attributes.md")
    columns = load_attributes()["columns"]

    assert [n for n, column in columns.items() if f"`{column['names'][0]}`" not in text] == []
