"""The exporters of the Python SDK lose nothing when the server restarts under them.

Those of other languages are tried by `make interop`.
"""

import signal
from pathlib import Path

import pytest

from tests.interop.clients import PYTHON, prepare
from tests.interop.restarts import PROTOCOLS, send_through_restart


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGKILL], ids=["stop", "kill"])
def test_everything_sent_through_a_restart_is_there_once(
    protocol: str, stop: signal.Signals, tmp_path: Path
) -> None:
    command = prepare(PYTHON, tmp_path)
    arrival = send_through_restart(PYTHON, command, protocol, tmp_path, stop)
    assert (arrival.missing, arrival.twice) == (0, 0), arrival.said
