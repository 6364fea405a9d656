"""How far clocks differ, as far as hand-overs prove it."""

from analyzer.clocks import Handover, Offset, estimate_offsets

THERE, BACK = ("shop", "payment"), ("payment", "shop")


def test_hand_overs_in_good_order_prove_nothing() -> None:
    assert estimate_offsets([Handover(THERE, 0), Handover(BACK, 5)]) == {}


def test_a_consumer_that_starts_before_the_send_is_behind_by_at_least_that() -> None:
    offsets = estimate_offsets([Handover(THERE, 7), Handover(THERE, -30), Handover(THERE, -10)])
    assert offsets == {THERE: Offset(-30, both_ways=False), BACK: Offset(30, both_ways=False)}


def test_with_both_ways_the_middle_is_the_estimate() -> None:
    """The clock is 100 behind and every way takes 20."""
    offsets = estimate_offsets([Handover(THERE, -80), Handover(BACK, 120)])
    assert offsets == {THERE: Offset(-100, both_ways=True), BACK: Offset(100, both_ways=True)}


def test_a_service_has_one_clock() -> None:
    assert estimate_offsets([Handover(("shop", "shop"), -5)]) == {}


def test_the_order_of_hand_overs_changes_nothing() -> None:
    handovers = [Handover(THERE, -80), Handover(BACK, 120), Handover(THERE, 3), Handover(BACK, -1)]
    assert estimate_offsets(handovers) == estimate_offsets(reversed(handovers))
