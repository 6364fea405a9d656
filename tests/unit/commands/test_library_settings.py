"""What libraries are told."""

import os
import subprocess
import sys

import pytest

from tracestitch.library_settings import share_cores, share_memory


def test_polars_and_arrow_share_cores_and_memory_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POLARS_MAX_THREADS", "3")
    for name in ("_RJEM_MALLOC_CONF", "ARROW_DEFAULT_MEMORY_POOL"):
        monkeypatch.delenv(name, raising=False)

    share_cores()
    share_memory()

    assert os.environ["POLARS_MAX_THREADS"] == "3"
    assert os.environ["_RJEM_MALLOC_CONF"].startswith("narenas:3,")
    frame = (
        "import polars, pyarrow; print(polars.DataFrame({'number': [1]}).height)"
        "; print(pyarrow.default_memory_pool().backend_name)"
    )
    run = subprocess.run([sys.executable, "-c", frame], capture_output=True, text=True, check=True)
    # Their allocators would complain of settings that they do not know.
    assert (run.stdout, run.stderr) == ("1\nsystem\n", "")
