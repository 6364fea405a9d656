"""A correlation key that comes later: the server says so, `reanalyze` applies it."""

from pathlib import Path

from tests.builders import request, span
from tests.flow.servers import run_command, serving

KEY = "--correlation-key=tenant"


def test_a_server_says_that_spans_were_read_otherwise_until_they_are_read_anew(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    loaded = run_command(
        "load", "-", f"--data-dir={data}", given=request(span(attributes={"tenant": "T-1"}))
    )
    assert loaded.returncode == 0, loaded.stderr

    with serving(data, KEY) as server:
        assert server.get("/api/v1/status")["needs_reanalyze"] is True
        assert [line for line in server.said if "read with other correlation keys" in line]
        held = run_command("reanalyze", f"--data-dir={data}", KEY)
        assert held.returncode == 1
        assert b"in use by another process" in held.stderr
        assert server.stop()[0] == 0

    done = run_command("reanalyze", f"--data-dir={data}", KEY)
    assert done.stdout.startswith(b"Reanalysed 1 span in 1 trace: ")

    with serving(data, KEY) as server:
        status = server.get("/api/v1/status")
        assert (status["needs_reanalyze"], status["spans"]) == (False, 1)
        assert len(status["rules_version"]) == 12
        assert not [line for line in server.said if "other correlation keys" in line]
        trace = server.get("/api/v1/search", attribute="tenant=T-1")["traces"]
        assert len(trace) == 1
