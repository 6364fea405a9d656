"""What libraries are told."""

import os
import subprocess
import sys

import pytest

from tracestitch.library_settings import leave_plugins_out, share_cores, share_memory


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


@pytest.mark.parametrize(("told", "looks"), [(None, False), ("some-plugin", True)])
def test_pydantic_looks_for_no_plugins_unless_told_otherwise(
    told: str | None, looks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if told is None:
        monkeypatch.delenv("PYDANTIC_DISABLE_PLUGINS", raising=False)
    else:
        monkeypatch.setenv("PYDANTIC_DISABLE_PLUGINS", told)

    leave_plugins_out()

    looking = (
        "import importlib.metadata as metadata; asked = []"
        "; metadata.distributions = lambda *_, **__: asked.append(1) or []"
        "; from fastapi import FastAPI; print(bool(asked))"
    )
    run = subprocess.run(
        [sys.executable, "-c", looking], capture_output=True, text=True, check=True
    )
    assert run.stdout == f"{looks}\n"
