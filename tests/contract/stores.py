"""Stores in other processes, and closed stores edited behind the engine's back."""

import subprocess
import sys
from pathlib import Path

import duckdb


def start_process(script: str, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def change_file(path: Path, *statements: str) -> None:
    """Edit a closed store behind the engine's back."""
    with duckdb.connect(path) as connection:
        for text in statements:
            connection.execute(text)
