"""Messages that a consumer continues and does not continue: in no order, or by a switch."""

from random import Random
from typing import Any

import polars as pl
import pytest

from analyzer.alternations import LATEST, find_mixed
from storage.memory_handovers import find_spells
from tests.analysed import analysed
from tests.builders import SECOND
from tests.unit.analyzer.messages import delivery, send


def mixed(text: str, gap: float = 1.0) -> bool:
    """Of a consumer's deliveries in the order of their starts, so many seconds apart: "." for
    one that continues a context, "x" for a root, "o" for one that continues something else."""
    rows = [
        {
            **dict.fromkeys(("environment", "service_namespace", "system", "destination"), "one"),
            **dict.fromkeys(("service_name", "span_name"), "one"),
            "start_time_unix_nano": int(place * gap * SECOND),
            "relation": "parent" if each == "." else None,
            "is_root": each == "x",
        }
        for place, each in enumerate(text)
    ]
    Random(1).shuffle(rows)
    return len(find_mixed(find_spells(pl.DataFrame(rows), LATEST))) == 1


def drawn(share: float, count: int, seed: int) -> str:
    random = Random(seed)
    return "".join("x" if random.random() < share else "." for _ in range(count))


@pytest.mark.parametrize("text", ["..x" * 10, (9 * "." + "x") * 5, ".x" * 20, "xx." * 10])
def test_messages_that_are_cut_all_along_are_mixed(text: str) -> None:
    assert mixed(text)
    assert mixed(text, gap=0.001)
    assert mixed(text + "." * 30)


@pytest.mark.parametrize(("share", "count"), [(0.5, 60), (1 / 3, 60), (0.1, 200), (0.9, 200)])
def test_messages_that_are_cut_at_random_are_mixed(share: float, count: int) -> None:
    told = [mixed(drawn(share, count, seed)) for seed in range(100)]
    assert sum(told) >= 90  # where chance makes spells, they look like spells


@pytest.mark.parametrize("spells", [1, 2, 5, 40])
@pytest.mark.parametrize("healthy", [3, 9, 30])
@pytest.mark.parametrize("broken", [3, 9, 30])
def test_a_setting_that_is_changed_and_changed_back_is_no_mixture(
    spells: int, healthy: int, broken: int
) -> None:
    text = (healthy * "." + broken * "x") * spells
    assert not mixed(text)
    assert not mixed(text + healthy * ".")


def test_a_setting_that_was_changed_is_no_mixture() -> None:
    assert not mixed(20 * "." + 20 * "x")
    assert not mixed(20 * "." + "x"), "the first of them"


def test_each_way_of_breaking_has_its_own_order() -> None:
    """Roots for a while, and later for a while work that continues something else."""
    assert not mixed(10 * "." + 4 * "x" + 10 * "." + 4 * "o" + 10 * ".")
    assert mixed(5 * ".x" + 10 * "." + 4 * "o" + 10 * ".")


def test_one_that_is_cut_is_no_spell() -> None:
    assert mixed(3 * "." + "x" + 6 * ".")


def test_of_many_only_the_latest_are_looked_at() -> None:
    assert mixed(200 * "x" + 100 * ".x" + ".")
    assert not mixed(100 * ".x" + 50 * "." + 200 * "x" + 50 * ".")


def test_the_order_of_their_starts_tells_and_nothing_else() -> None:
    def causes(*broken: int) -> set[str]:
        spans: list[Any] = []
        for n in range(1, 25):
            key = {"messaging.message.id": f"0d5e1c2a-7b1f-4c55-9f1e-2b7f6a30{n:04}"}
            parent = {} if n in broken else {"parent": n, "flags": 0x300}
            trace = 1000 + n if n in broken else n
            spans.append(send(trace=n, id=n, at=float(n), attributes=key))
            spans.append(delivery(trace=trace, id=500 + n, at=n + 0.5, attributes=key, **parent))
        return set(analysed(*spans).causes.values())

    assert causes(7, 8, 9, 15, 16, 17) == causes(7, 8, 9) == {"S1"}
    assert causes(3, 6, 9, 12, 15, 18) != {"S1"}
