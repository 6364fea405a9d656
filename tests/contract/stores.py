"""Stores in other processes, and closed stores edited behind the engine's back."""

import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import duckdb

from tests.waiting import running


def start_process(script: str, url: str) -> AbstractContextManager["subprocess.Popen[str]"]:
    """A Python that lives no longer than a block."""
    return running(
        [sys.executable, "-c", script, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )


def change_file(path: Path, *statements: str) -> None:
    """Edit a closed store behind the engine's back."""
    with duckdb.connect(path) as connection:
        for text in statements:
            connection.execute(text)
