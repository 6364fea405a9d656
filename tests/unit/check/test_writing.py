"""Files that a check leaves behind."""

import stat
from pathlib import Path

import pytest

from tracestitch.check.errors import CheckFailure
from tracestitch.check.writing import write_text


def test_a_new_file_is_readable_for_the_step_after_it(tmp_path: Path) -> None:
    file = tmp_path / "report"
    write_text(file, "text")

    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_a_file_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "report"
    file.touch(0o600)
    write_text(file, "text")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == "text"


def test_a_text_without_utf_8_form_is_written(tmp_path: Path) -> None:
    file = tmp_path / "report"
    write_text(file, "a\ud800b")

    assert file.read_text() == "a\\ud800b"


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CheckFailure, match=r"cannot be written \(Is a directory\)\."):
        write_text(tmp_path, "text")
    with pytest.raises(CheckFailure, match="No such file"):
        write_text(tmp_path / "missing" / "file", "text")
