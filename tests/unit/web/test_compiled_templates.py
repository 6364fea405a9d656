"""Compiled templates on disk: taken only for what they were made of, and never needed."""

import os
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from web.compiled_templates import CompiledTemplates
from web.frame import compile_templates


@pytest.fixture(autouse=True)
def _python_writes_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", False)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates compiled so far, those that are kept left out."""
    names: list[str] = []
    whole = Environment.compile

    def compile_noted(self: Environment, source: str, name: str, filename: str) -> object:
        names.append(name)
        return whole(self, source, name, filename)

    monkeypatch.setattr(Environment, "compile", compile_noted)
    return names


def render(directory: Path, text: str = "<{{ a }}>", settings: bytes = b"x") -> str:
    """By an environment of its own, as another process has."""
    kept = CompiledTemplates(directory, settings)
    environment = Environment(loader=DictLoader({"page.html": text}), bytecode_cache=kept)
    return environment.get_template("page.html").render(a=1)


def test_what_is_kept_is_not_compiled_again(tmp_path: Path, compiled: list[str]) -> None:
    assert [render(tmp_path), render(tmp_path)] == ["<1>"] * 2
    assert compiled == ["page.html"]


def test_another_text_or_other_settings_are_compiled_anew(
    tmp_path: Path, compiled: list[str]
) -> None:
    assert render(tmp_path) == "<1>"
    assert render(tmp_path, text="[{{ a }}]") == "[1]"
    assert render(tmp_path, text="[{{ a }}]", settings=b"y") == "[1]"
    assert len(compiled) == 3
    assert len(list(tmp_path.iterdir())) == 1


def test_another_version_of_jinja_compiles_anew(
    tmp_path: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    render(tmp_path)
    monkeypatch.setattr("jinja2.__version__", "99")
    assert render(tmp_path) == "<1>"
    assert len(compiled) == 2


@pytest.mark.parametrize("left", [0, 16, 40, -1])
def test_a_file_that_is_cut_short_is_made_anew(
    tmp_path: Path, compiled: list[str], left: int
) -> None:
    render(tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:left])
    assert [render(tmp_path), render(tmp_path)] == ["<1>"] * 2
    assert len(compiled) == 2
    assert file.read_bytes() == whole


@pytest.mark.parametrize("place", range(20, 400, 19))
def test_a_file_with_a_damaged_byte_is_made_anew(
    tmp_path: Path, compiled: list[str], place: int
) -> None:
    render(tmp_path)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
    assert render(tmp_path) == "<1>"
    assert len(compiled) == 2
    assert file.read_bytes() == whole


def test_nobody_else_may_write_what_is_kept(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        render(tmp_path)
    finally:
        os.umask(before)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o644


def test_pages_do_without(tmp_path: Path, compiled: list[str]) -> None:
    missing = tmp_path / "missing"
    assert [render(missing), render(missing)] == ["<1>"] * 2
    assert len(compiled) == 2
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_where_python_may_not_write_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert render(tmp_path) == "<1>"
    assert not list(tmp_path.iterdir())


def test_every_template_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    compile_templates()
