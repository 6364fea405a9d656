"""How long to wait, as tests and settings say it."""

from web.durations import read_duration

Duration = str | float
"""Seconds, or text such as "500ms", "2s", "1m"."""


def read_nano(duration: Duration) -> int:
    """Raises ValueError with what is allowed."""
    if isinstance(duration, str):
        nano = read_duration(duration.strip())
    else:
        nano = round(duration * 1e9) if 0 <= duration < float("inf") else None
    if nano is None:
        raise ValueError(
            f'{duration!r} is no duration: give seconds, or text such as "500ms", "2s" or "1m"'
        )
    return nano


def read_seconds(duration: Duration) -> float:
    """Raises ValueError with what is allowed."""
    return read_nano(duration) / 1e9
