"""The broker's order and the timestamps."""

from analyzer.broker_order import Placed, find_contradictions


def placed(number: int, place: int, start: int, line: str = "0") -> Placed:
    return Placed((1, number, 1), (line,), place, start)


def test_messages_handled_in_order_are_fine() -> None:
    assert find_contradictions([placed(1, 10, 5), placed(2, 11, 5), placed(3, 15, 9)]) == {}


def test_a_message_handled_before_one_ahead_of_it_is_told_of_that_one() -> None:
    ahead = placed(1, 10, 9)
    found = find_contradictions([placed(2, 11, 5), ahead, placed(3, 12, 12)])
    assert found == {(1, 2, 1): ahead}


def test_lines_are_apart() -> None:
    assert find_contradictions([placed(1, 10, 9), placed(2, 11, 5, line="1")]) == {}


def test_a_later_attempt_does_not_contradict() -> None:
    assert find_contradictions([placed(1, 10, 1), placed(2, 11, 5), placed(3, 10, 9)]) == {}
