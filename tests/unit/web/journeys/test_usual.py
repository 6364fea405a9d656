"""What journeys are compared with: kept for a while where very much is stored."""

from typing import Any

import pytest

from storage.contract import SpanStore
from tests.unit.web.journeys.test_not_seen import NEWEST, STEP, Shop
from web.journeys import usual as module
from web.journeys.journey import journey_of_attribute
from web.journeys.usual import MOST_KEPT, SECONDS, Usual


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Asked:
    """Notes what is asked of a store."""

    def __init__(self, store: SpanStore) -> None:
        self._store = store
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self._store, name)

    def times(self, name: str) -> int:
        return self.asked.count(name)


def _waiting_shop() -> Shop:
    shop = Shop()
    shop.examples()
    shop.send(1, start=NEWEST, order="A")
    return shop


def _ask(store: Any, usual: Usual) -> Any:
    return journey_of_attribute(store, "order.id", "A", 0, usual)["journey"]


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGE_SPANS", 0)


@pytest.mark.usefixtures("large")
def test_of_a_large_store_examples_are_read_once_a_minute() -> None:
    clock = Clock()
    store, usual = Asked(_waiting_shop().scene.store()), Usual(clock)
    first = _ask(store, usual)
    clock.now += SECONDS - 1
    assert _ask(store, usual) == first
    assert store.times("newest_sends") == 1
    clock.now += 1
    assert _ask(store, usual) == first
    assert store.times("newest_sends") == 2


def test_of_a_small_store_they_are_always_new() -> None:
    store, usual = Asked(_waiting_shop().scene.store()), Usual()
    assert _ask(store, usual) == _ask(store, usual)
    assert store.times("newest_sends") == 2


@pytest.mark.usefixtures("large")
def test_a_journey_is_no_example_for_itself_where_examples_are_kept() -> None:
    shop = Shop()
    shop.examples(10)
    shop.send(1, start=NEWEST, order="A")
    shop.receive(1)
    shop.send(2, start=NEWEST + 1, order="B")
    store, usual = shop.scene.store(), Usual()
    journey_of_attribute(store, "order.id", "B", 0, usual)  # among whose examples A is
    alone = journey_of_attribute(store, "order.id", "A", 0)["journey"]
    assert _ask(store, usual) == alone
    assert alone["not_seen"] == []
    missed = journey_of_attribute(store, "order.id", "B", 0, usual)["journey"]["not_seen"]
    assert [(each["step"], each["examples"]) for each in missed] == [(STEP, 11)]


@pytest.mark.usefixtures("large")
def test_who_reads_from_a_channel_is_asked_once_a_minute() -> None:
    clock = Clock()
    shop = Shop()
    shop.send(1, start=NEWEST, order="A")
    shop.send(2, start=NEWEST)
    shop.receive(2)
    store, usual = Asked(shop.scene.store()), Usual(clock)
    assert [_ask(store, usual)["status"] for _ in range(3)] == ["waiting"] * 3
    assert store.times("traffic") == 1
    clock.now += SECONDS
    assert _ask(store, usual)["status"] == "waiting"
    assert store.times("traffic") == 2


def test_what_failed_is_not_compared_with_what_is_read() -> None:
    shop = Shop()
    shop.send(2, start=NEWEST)
    shop.receive(2)
    shop.send(1, start=NEWEST, order="A", error=True)
    store = Asked(shop.scene.store())
    assert _ask(store, Usual())["status"] == "error"
    assert store.times("traffic") == 0


@pytest.mark.usefixtures("large")
def test_what_is_kept_is_bounded() -> None:
    clock = Clock()
    recent: module._Recent[int, int] = module._Recent(clock)
    recent.keep({number: number for number in range(MOST_KEPT + 5)})
    assert recent.find(range(10)) == {number: number for number in range(5, 10)}
