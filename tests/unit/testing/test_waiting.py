"""Waiting until a claim holds, or its time is over."""

from collections.abc import Callable

import pytest

from tracestitch.testing.waiting import QUIET_SECONDS, await_claim


class Time:
    """Passes only by waiting; `arrivals` are moments when something comes."""

    def __init__(self, *arrivals: float) -> None:
        self.now, self.last = 0.0, 0.0
        self._arrivals = list(arrivals)
        self.seen = 0

    def wait_for_more(self, until: float) -> bool:
        if self._arrivals and self._arrivals[0] <= until:
            self.now = self.last = self._arrivals.pop(0)
            self.seen += 1
            return True
        self.now = max(self.now, until)
        return False

    def fails_until(self, count: int) -> Callable[[], str | None]:
        return lambda: None if self.seen >= count else f"{self.seen} of {count}"


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Time], Time]:
    def use(clock: Time) -> Time:
        monkeypatch.setattr("time.monotonic", lambda: clock.now)
        return clock

    return use


def test_a_claim_that_holds_is_not_waited_for(passing: Callable[[Time], Time]) -> None:
    clock = passing(Time(1))

    assert await_claim(clock.fails_until(0), clock.wait_for_more, 5) == (None, 0)


def test_each_arrival_is_looked_at_until_the_claim_holds(passing: Callable[[Time], Time]) -> None:
    clock = passing(Time(1, 2, 3))

    assert await_claim(clock.fails_until(2), clock.wait_for_more, 5) == (None, 2)


def test_what_is_wrong_at_the_end_is_told(passing: Callable[[Time], Time]) -> None:
    clock = passing(Time(1, 7))

    assert await_claim(clock.fails_until(2), clock.wait_for_more, 5) == ("1 of 2", 5)


def test_arrivals_without_end_do_not_hold_up_the_end(passing: Callable[[Time], Time]) -> None:
    clock = passing(Time(*range(1, 100)))

    assert await_claim(lambda: "never", clock.wait_for_more, 5) == ("never", 5)


def test_an_absence_is_believed_after_the_quiet(passing: Callable[[Time], Time]) -> None:
    clock = passing(Time(0.2, 0.4))

    held = await_claim(clock.fails_until(0), clock.wait_for_more, 5, lambda: clock.last)

    assert held == (None, 0.4 + QUIET_SECONDS)


def test_what_arrives_in_the_quiet_can_break_the_claim(passing: Callable[[Time], Time]) -> None:
    clock = passing(Time(0.2))

    told = await_claim(
        lambda: "orphan" if clock.seen else None, clock.wait_for_more, 5, lambda: clock.last
    )

    assert told == ("orphan", 5)


def test_an_absence_holds_at_the_end_though_it_never_gets_quiet(
    passing: Callable[[Time], Time],
) -> None:
    clock = passing(Time(*(n / 10 for n in range(1, 100))))

    assert await_claim(lambda: None, clock.wait_for_more, 5, lambda: clock.last) == (None, 5)
