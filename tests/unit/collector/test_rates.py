"""How much comes in per second."""

from collector.measures import Measures
from collector.rates import RecentRate


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_steady_stream_is_told_as_it_is() -> None:
    clock = Clock()
    rate = RecentRate(clock)
    for _ in range(40):
        rate.add(300)
        rate.add(200)
        clock.now += 1
    assert rate.per_second() == 500
    clock.now += 0.5
    rate.add(250)
    assert rate.per_second() == 500


def test_what_is_long_past_counts_no_more() -> None:
    clock = Clock()
    rate = RecentRate(clock)
    rate.add(1500)
    assert rate.per_second() == 1500
    clock.now += 10
    assert rate.per_second() == 150
    clock.now += 10
    assert rate.per_second() == 0


def test_a_reading_tells_the_rate_of_accepted_spans_alone() -> None:
    measures = Measures()
    measures.count(requests=7)
    assert measures.read().accepted_per_second == 0
    measures.count(requests=1, spans_accepted=30)
    assert measures.read().accepted_per_second > 0
