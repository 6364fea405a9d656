"""The demo starts a server and the pipeline, and leaves nothing behind."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from sample_data.pipeline.run import run_round
from sample_data.pipeline.scenario import Pipeline
from sample_data.pipeline.switches import FAILURES, Switch
from tests.waiting import PATIENCE_SECONDS, running
from tracestitch import demo as demo_module
from tracestitch.config import Address
from tracestitch.demo import demo, reachable, run_demo, settle_port
from tracestitch.stopping import stopping_calmly

DEMO_UNTIL_STOPPED = """
import sys
from tracestitch import demo
demo.SERVE = tuple(sys.argv[1:])
addresses = [f"--{name}-address=127.0.0.1:0" for name in ("grpc", "http", "web")]
demo.demo([*addresses, "--switch=redelivery"])
"""


def server(keep: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "tests.flow.demo_server", "--keep", str(keep))


def test_ctrl_c_stops_everything_after_the_last_spans_were_delivered(tmp_path: Path) -> None:
    """Whoever lives holds the output open: its end is the end of all."""
    keep = tmp_path / "spans"
    command = [sys.executable, "-c", DEMO_UNTIL_STOPPED, *server(keep)]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as demo:
        assert demo.stdout is not None
        assert demo.stderr is not None
        said = []
        for line in demo.stdout:
            said.append(line)
            if "first attempt" in line:
                demo.send_signal(signal.SIGINT)
        errors = demo.stderr.read()
        assert demo.wait(PATIENCE_SECONDS) == 0
    assert errors == ""
    assert any("http://127.0.0.1:" in line for line in said)
    sentences = [line.strip() for line in said if line.strip() in {s.sentence for s in Switch}]
    assert sentences == [Switch.HEALTHY.sentence, Switch.REDELIVERY.sentence]
    assert said[-1] == "Stopped.\n"
    assert b"warehouse-service" in keep.read_bytes()


def test_a_server_that_does_not_start_ends_the_demo_with_a_sentence() -> None:
    addresses = [settle_port(Address("127.0.0.1", 0)) for _ in range(3)]
    with pytest.raises(click.ClickException, match="The server did not start"):
        run_demo((sys.executable, "-c", "raise SystemExit(1)"), *addresses, cycles=1)


def test_without_the_extra_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_module, "NEEDED", ("no_such_package.at_all",))
    answer = CliRunner().invoke(demo)
    assert answer.exit_code == 1
    assert answer.output == (
        "Error: The demo needs the extra [demo] and the propagation library: "
        "run `pip install '.[demo]' ./propagation` in the source folder.\n"
    )


def test_a_port_of_zero_becomes_a_free_one_and_others_stay() -> None:
    named = Address("127.0.0.1", 4317)
    assert settle_port(named) == named
    settled = settle_port(Address("127.0.0.1", 0))
    assert settled.host == "127.0.0.1"
    assert settled.port > 0


def test_a_server_that_listens_everywhere_is_reached_on_this_machine() -> None:
    everywhere = Address("0.0.0.0", 8080)
    assert reachable(everywhere) == Address("127.0.0.1", 8080)
    assert reachable(Address("localhost", 8080)) == Address("localhost", 8080)


def test_the_store_is_a_flag_which_beats_a_store_that_the_environment_names(
    tmp_path: Path,
) -> None:
    flags = tmp_path / "flags"
    note = f"import sys; open({str(flags)!r}, 'w').write(' '.join(sys.argv)); sys.exit(1)"
    addresses = [settle_port(Address("127.0.0.1", 0)) for _ in range(3)]
    with pytest.raises(click.ClickException):
        run_demo((sys.executable, "-c", note), *addresses, cycles=1)
    assert " --store duckdb:" in flags.read_text()


def test_a_number_of_rounds_must_be_one() -> None:
    answer = CliRunner().invoke(demo, ["--cycles", "many"])
    assert answer.exit_code == 2
    assert "a whole number" in answer.output


def test_a_failure_that_nobody_knows_is_answered_with_those_there_are() -> None:
    answer = CliRunner().invoke(demo, ["--switch", "headers"])
    assert answer.exit_code == 2
    assert all(failure in answer.output for failure in FAILURES)


class Noted(Pipeline):
    """Notes what is switched on, and starts nothing."""

    def __init__(self) -> None:
        self.turned: list[Switch] = []

    def turn(self, switch: Switch) -> None:
        self.turned.append(switch)

    def place_orders(self, count: int) -> list[str]:
        return [f"ORD-{n}" for n in range(count)]

    def wait_until_drained(self, order_ids: list[str]) -> None:
        """They are through."""


def test_a_round_has_the_chosen_failures_and_no_other() -> None:
    pipeline = Noted()
    chosen = (Switch.FAN_OUT, Switch.REDELIVERY)
    run_round(pipeline, lambda _: None, threading.Event(), chosen)
    healthy = Switch.HEALTHY
    assert pipeline.turned == [healthy, Switch.FAN_OUT, healthy, Switch.REDELIVERY, healthy]


def test_a_second_signal_does_not_interrupt_the_stopping() -> None:
    before = signal.getsignal(signal.SIGTERM)
    stopped = []

    def run_until_stopped() -> None:
        with stopping_calmly():
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                signal.raise_signal(signal.SIGINT)
                stopped.append(True)

    with pytest.raises(KeyboardInterrupt):
        run_until_stopped()
    assert stopped == [True]
    assert signal.getsignal(signal.SIGTERM) is before
