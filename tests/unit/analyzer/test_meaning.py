"""Meanings that are remembered from pass to pass."""

import pytest

from analyzer import meaning
from analyzer.frame import build_frame
from analyzer.tables import Tables
from tests.builders import batch, span

SENT = {"messaging.system": "kafka", "messaging.destination.name": "orders"}


def tell(name: str) -> tuple[list[object], int]:
    """What a send of this name means, and how many kinds are remembered then."""
    sent = batch(span(name, trace=1, id=1, kind="PRODUCER", service="a", attributes=SENT))
    frame = build_frame(Tables(sent))
    told = frame.tell(frame["row"], "role", "destination", "domain").row(0)
    return list(told), len(meaning._remembered)


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meaning, "_remembered", {})


def test_a_kind_means_the_same_when_it_is_met_again() -> None:
    first = tell("order.publish")
    assert first == (["send", "orders", "order"], 1)
    assert tell("order.publish") == first


def test_very_long_names_are_understood_and_not_remembered() -> None:
    assert tell("x" * 100_000 + ".publish") == (["send", "orders", "x" * 100_000], 0)
