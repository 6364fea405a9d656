"""How long to wait, as tests and settings say it."""

import pytest

from tracestitch.testing.durations import Duration, read_nano, read_seconds


@pytest.mark.parametrize(
    ("said", "seconds"), [("2s", 2), ("500ms", 0.5), (" 1m ", 60), (3, 3), (0.25, 0.25), (0, 0)]
)
def test_a_duration_is_seconds_or_a_text_with_a_unit(said: Duration, seconds: float) -> None:
    assert read_seconds(said) == seconds
    assert read_nano(said) == seconds * 1e9


@pytest.mark.parametrize("said", ["", "5", "soon", -1, float("inf"), float("nan")])
def test_anything_else_is_refused_with_what_is_allowed(said: Duration) -> None:
    with pytest.raises(ValueError, match='is no duration: give seconds, or text such as "500ms"'):
        read_seconds(said)
