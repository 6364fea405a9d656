"""Which share of the traces a process is told to answer for, and how it follows the others."""

import pyarrow as pa
import pytest

from storage import schema
from storage.memory import MemoryStore
from storage.partition import Partition, parts_of
from tests.contract.rows import make_table, owned, span, traces
from tracestitch.roles import parse_partition
from tracestitch.shared_facts import SharedFacts


def test_a_partition_is_one_of_as_many_as_there_are() -> None:
    assert parse_partition(" 2/4 ") == Partition(2, 4)
    assert parse_partition("99/99") == Partition(99, 99)
    assert parse_partition("1/1").is_whole


@pytest.mark.parametrize(
    "text", ["", "2", "0/2", "3/2", "1/0", "a/b", "-1/2", "1/2/3", "1/100", "٢/٤", "1 /2"]
)
def test_anything_else_is_no_partition(text: str) -> None:
    with pytest.raises(ValueError, match="a partition is I/N, such as 2/4"):
        parse_partition(text)


class Clock:
    """Reading the whole store takes as long as `cost` says."""

    def __init__(self) -> None:
        self.now, self.cost = 0.0, 0.0

    def __call__(self) -> float:
        return self.now


class SlowStore(MemoryStore):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def past_facts(self) -> pa.Table:
        self.clock.now += self.clock.cost
        return super().past_facts()


def followed(cost: float) -> tuple[SharedFacts, Clock, MemoryStore]:
    """What one of two knows at second 0, before the other answers; reading costs so much."""
    clock = Clock()
    clock.cost = cost
    store = SlowStore(clock)
    facts = SharedFacts(store, clock)
    assert not facts.follow(1)
    assert facts.told().is_empty()
    clock.now = 0.0
    facts._last_read = 0.0
    sent = make_table(schema.ENDPOINTS, [owned(span(1, 1), role="send", destination="orders")])
    nothing = schema.CONNECTIONS.empty_table()
    store.replace_connections(traces(1), sent, nothing, parts_of(2)[1])
    return facts, clock, store


def test_what_costs_little_is_read_as_soon_as_others_answered() -> None:
    facts, _, _ = followed(cost=0.05)
    assert facts.follow(2)
    assert facts.told()["destination"].to_list() == ["orders"]
    assert not facts.is_behind(2)
    assert not facts.follow(2)


def test_what_costs_much_is_read_when_others_pause() -> None:
    facts, clock, _ = followed(cost=3.0)
    assert not facts.follow(2)
    assert facts.is_behind(2)
    clock.now = 5.9
    assert not facts.follow(2)
    clock.now = 6.0
    assert facts.follow(2)


def test_what_costs_much_is_read_now_and_then_while_others_go_on() -> None:
    facts, clock, _ = followed(cost=3.0)
    read = []
    for second in range(1, 61):
        clock.now = float(second)
        if facts.follow(1 + second):
            read.append(second)
    assert read == [60]
