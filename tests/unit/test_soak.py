"""When the soak calls memory flat."""

from tests.soak.hours import is_flat


def test_memory_that_settles_is_flat() -> None:
    assert is_flat([100, 200, 300, 350, 360, 355, 362, 358, 361])


def test_memory_that_goes_on_growing_is_not() -> None:
    assert not is_flat([100, 200, 300, 400, 500, 600, 700, 800, 900])


def test_a_short_run_tells_nothing() -> None:
    assert is_flat([100, 900])
