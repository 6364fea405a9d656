"""What a check goes by."""

from dataclasses import replace
from pathlib import Path

import pytest

from tracestitch.check.errors import CheckFailure
from tracestitch.check.expectations import Expectation
from tracestitch.check.settings import Settings, parse_code, read_settings

TABLE = """
expect = ["orders -> payment-service"]
allow = ["P2", "s1"]
correlation-keys = ["acme.batch"]
baseline = "known.json"
strict = true
advise = true
"""
READ = Settings(
    expectations=(Expectation("orders", "payment-service"),),
    allowed=("P2", "S1"),
    correlation_keys=("acme.batch",),
    strict=True,
    advise=True,
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pyproject.toml", f"[project]\nname = 'x'\n[tool.tracestitch.check]{TABLE}"),
        ("gate.toml", f"[tool.tracestitch.check]{TABLE}"),
        ("gate.toml", TABLE),
    ],
)
def test_a_table_and_a_file_of_its_own_say_the_same(
    name: str, content: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_text(content)
    settings = read_settings(file)

    assert settings.baseline == tmp_path / "known.json"
    assert settings.with_flags(Settings()) == settings
    assert replace(settings, baseline=None) == READ


def test_a_project_without_the_table_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings(None) == Settings()

    Path("pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert read_settings(None) == Settings()

    Path("pyproject.toml").write_text("[tool.tracestitch.check]\nstrict = true\n")
    assert read_settings(None) == Settings(strict=True)


def test_flags_add_to_lists_and_win_elsewhere() -> None:
    flags = Settings(
        expectations=(Expectation("a", "b"), Expectation("orders", "payment-service")),
        allowed=("K1",),
        baseline=Path("flag.json"),
        correlation_keys=("other",),
    )
    merged = READ.with_flags(flags)

    assert merged.expectations == (
        Expectation("orders", "payment-service"),
        Expectation("a", "b"),
    )
    assert merged.allowed == ("P2", "S1", "K1")
    assert merged.baseline == Path("flag.json")
    assert merged.correlation_keys == ("acme.batch", "other")
    assert merged.strict
    assert merged.advise


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("expects = []", 'there is no "expects" in [tool.tracestitch.check]; there are expect,'),
        ("expect = 'a -> b'", '"expect" is a list of texts'),
        ("expect = [1]", '"expect" is a list of texts'),
        ("expect = ['a']", '"a": an expectation is DESTINATION -> SERVICE'),
        ("allow = ['Q9']", '"Q9": causes of orphan roots are '),
        ("correlation-keys = ['']", "a correlation key is the name of an attribute"),
        ("baseline = 1", '"baseline" is the path of a file'),
        ("baseline = ''", "a file is named by its path"),
        (r'baseline = "a\u0000b"', "a file is named by its path"),
        ("strict = 'yes'", '"strict" is true or false'),
        ("strict = ", "is not TOML"),
        ("[tool.tracestitch]\ncheck = 1", "tool.tracestitch.check is not a table"),
    ],
)
def test_a_wrong_value_is_one_sentence(content: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "gate.toml"
    file.write_text(content)

    with pytest.raises(CheckFailure) as failure:
        read_settings(file)
    assert told in failure.value.message
    assert str(file) in failure.value.message


@pytest.mark.parametrize("content", [b"\xff", b"a = " + b"[" * 100_000])
def test_hostile_bytes_are_one_sentence(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "gate.toml"
    file.write_bytes(content)

    with pytest.raises(CheckFailure, match="is not TOML"):
        read_settings(file)


def test_a_named_file_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(CheckFailure, match="cannot be read"):
        read_settings(tmp_path / "missing.toml")
    with pytest.raises(CheckFailure, match="cannot be read"):
        read_settings(tmp_path)


def test_codes_are_those_of_causes_and_remarks_are_none() -> None:
    assert (parse_code("s1"), parse_code(" UNKNOWN ")) == ("S1", "unknown")
    for text in ("Q9", "", "B1"):
        with pytest.raises(ValueError, match=r"causes of orphan roots are .*S1, .*unknown"):
            parse_code(text)
