"""What files the process may have open, and who may read those it makes."""

import os
import resource
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from tracestitch.cli import main
from tracestitch.open_files import raise_file_limit


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((1024, 4096), (4096, 4096)),
        ((1024, 1 << 20), (10_240, 1 << 20)),
        ((1024, resource.RLIM_INFINITY), (10_240, resource.RLIM_INFINITY)),
        ((4096, 4096), None),
        ((20_000, 1 << 20), None),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), None),
    ],
)
def test_the_soft_limit_is_lifted_as_far_as_is_useful(
    before: tuple[int, int], after: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: before)
    monkeypatch.setattr(resource, "setrlimit", lambda _, limit: limits.append(limit))

    raise_file_limit()

    assert limits == ([] if after is None else [after])


def test_a_system_that_does_not_allow_it_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int, __: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", refuse)

    raise_file_limit()


def test_files_that_a_command_makes_are_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        CliRunner().invoke(main, ["journey", "order.id=1", f"--data-dir={tmp_path / 'data'}"])
    finally:
        os.umask(before)
    (file,) = (tmp_path / "data").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
