"""Switches arrive between two receives; the end of the input is the end of the service."""

import json
import queue
from collections.abc import Iterator

import pytest

from sample_data.pipeline.control import Control
from sample_data.pipeline.switches import FAILURES, Switch


class Input:
    """Lines as they come; None is the end."""

    def __init__(self) -> None:
        self.lines: queue.Queue[str | None] = queue.Queue()

    def __iter__(self) -> Iterator[str]:
        return iter(self.lines.get, None)


def test_a_switch_is_adopted_before_it_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    source, adopted = Input(), list[Switch]()
    reported_before: list[str] = []

    def adopt(switch: Switch) -> None:
        adopted.append(switch)
        reported_before.append(capsys.readouterr().out)

    control = Control(source, adopt)
    assert control.next_switch() is Switch.HEALTHY
    source.lines.put('{"switch": "redelivery"}')
    while control.next_switch() is Switch.HEALTHY:
        control.pause(0.001)
    assert adopted == [Switch.REDELIVERY]
    assert reported_before == [""]
    assert json.loads(capsys.readouterr().out) == {"event": "switched", "switch": "redelivery"}
    assert control.current is Switch.REDELIVERY
    source.lines.put(None)


def test_the_end_of_the_input_stops_the_service_and_cuts_its_pause_short() -> None:
    source = Input()
    control = Control(source)
    source.lines.put(None)
    control.pause(3600)
    assert control.next_switch() is None


def test_every_switch_says_in_words_what_happens() -> None:
    assert all(switch.sentence for switch in Switch)


def test_a_switch_that_breaks_a_hop_names_the_hop_and_the_cause() -> None:
    broken = [switch for switch in FAILURES if switch.cause]
    assert {switch.cause for switch in broken} == {"S1", "K1", "E2", "X1", "P1"}
    assert all(switch.hop for switch in broken)
