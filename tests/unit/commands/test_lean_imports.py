"""What a server's imports leave out, in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

_SCRIPT = """
import atexit
import gc
from tracestitch.lean_imports import lean_imports

atexit.register(lambda: print(gc.get_freeze_count()))
{manner}
    import pyarrow
    inside = gc.isenabled()
pyarrow.array([1])
print(inside, gc.isenabled(), gc.get_freeze_count() > 1_000)
import pandas
"""
# Too old for Arrow, which looks at it nevertheless.
_PANDAS = """
__version__ = "0.1"
print("pandas")
"""


def _run(tmp_path: Path, manner: str) -> list[str]:
    (tmp_path / "pandas.py").write_text(_PANDAS, "utf-8")
    told = subprocess.run(
        [sys.executable, "-c", _SCRIPT.format(manner=manner)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path.cwd())])},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return told.stdout.splitlines()


def test_a_server_leaves_pandas_out_and_its_modules_to_no_collector(tmp_path: Path) -> None:
    # Until it ends: libraries in C++ look then for what was not collected.
    assert _run(tmp_path, "with lean_imports():") == ["False True True", "pandas", "0"]


def test_arrow_alone_would_have_imported_it(tmp_path: Path) -> None:
    assert _run(tmp_path, "if True:") == ["pandas", "True True False", "0"]
