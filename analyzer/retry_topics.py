"""Names of topics and queues that take the failed messages of another one."""

import re
from functools import lru_cache

_RETRY = re.compile(
    r"(?i)[-_.](?:dlq|dlt|dead[-_.]?letters?|errors?|skipped|retry(?:[-_.]?\d+(?:ms|s)?)?)$"
)


@lru_cache(maxsize=10_000)
def retried_topic(destination: str | None) -> str | None:
    """The topic whose failed records a retry or dead-letter topic takes, by its name: None
    for other names."""
    base = _RETRY.sub("", destination or "")
    return base if base and base != destination else None


@lru_cache(maxsize=10_000)
def base_of(destination: str) -> str:
    """A destination without its dead-letter ending."""
    lower = destination.lower()
    for ending in ("-dlq", "_dlq", ".dlq", "-dlt", ".dlt", "-dead-letter", "_error", "_skipped"):
        if lower.endswith(ending):
            return destination[: -len(ending)]
    return destination
