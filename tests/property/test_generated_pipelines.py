"""What has to hold of every pipeline, on pipelines made up at random (tests/generated).

`make soak` tries many more of them.
"""

from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.generated.breaks import CODES
from tests.generated.checks import check_journeys, check_order, check_truth, compare_generated
from tests.generated.pipelines import generate
from tests.generated.topology import Habits

SEEDS = st.integers(0, 2**32)
HABITS = {"healthy": Habits(healthy=True), "open": Habits(open=True), "anything": Habits()}


@pytest.mark.parametrize("habits", HABITS.values(), ids=HABITS)
def test_nothing_is_said_that_did_not_happen_and_what_is_certain_is_found(habits: Habits) -> None:
    @settings(max_examples=10, deadline=None)
    @given(SEEDS)
    @example(100)  # several sends of one trace, and clocks that put them between deliveries
    @example(1881)  # an end of partition beside the next record
    def holds(seed: int) -> None:
        assert check_truth(generate(Random(seed), habits), habits) == []

    holds()


@pytest.mark.parametrize("seed", [69, 163, 1005, 1014, 1041, 1107])
def test_an_order_id_does_not_lead_over_a_bus_or_topic_from_a_later_hop(seed: int) -> None:
    # producers that do not tell their orders, before others over a bus or topic that do
    assert compare_generated(generate(Random(seed))).wrong_edges == []


@settings(max_examples=6, deadline=None)
@given(SEEDS, st.sampled_from(CODES))
def test_the_same_holds_where_one_cause_breaks_one_hop(seed: int, code: str) -> None:
    assert check_truth(generate(Random(seed), Habits(cause=code)), Habits()) == []


@pytest.mark.parametrize("code", CODES)
def test_a_pipeline_made_for_a_cause_is_broken_by_it(code: str) -> None:
    roots = [
        root
        for seed in range(4)
        for root in generate(Random(seed), Habits(cause=code)).truth["orphan_roots"]
    ]

    assert code in {root["cause"] for root in roots}
    assert not any(root["cause"] in root["also_ok"] for root in roots)


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_order_batches_repetition_and_passes_change_no_answer(seed: int) -> None:
    random = Random(seed)
    assert check_order(generate(random), random) == []


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_a_journey_holds_no_span_of_another_order(seed: int) -> None:
    # where producers are missing or silent, an order id may name the wrong hop
    assert check_journeys(generate(Random(seed), Habits(open=True))) == []
