"""Names of the topics and queues that take the failed messages of another one: the one table.

Sources: Spring Kafka (`-retry-0`, `-dlt`), Amazon SQS by custom (`-dlq`, `-deadletter`, before
`.fifo`), MassTransit (`_error`, `_skipped`), Azure Service Bus (`/$DeadLetterQueue`),
NServiceBus (`error`), Kafka Connect (`errors.deadletterqueue.topic.name`, often `dlq-orders`),
RabbitMQ by custom (`orders.dlq`, `dlx.orders`, `dead-letter-queue`).

Patterns are for Python and for Polars.
"""

import re
from functools import lru_cache

# These words mean nothing else, wherever they stand.
_DEAD = r"(?:dlq|dlt|dlx|dead[-_.]?letters?(?:[-_.]?(?:queue|topic|exchange))?)s?"
# These do as last words: `errors-report` and `retry-policy` take no failed messages.
_FAILED = r"(?:errors?|skipped)"
_RETRY = r"(?:retry|retries)"
_NUMBER = r"(?:[-_.]?\d+(?:ms|s|m)?)?"  # of the attempt, or its delay
_BEFORE = r"(?:[-_.]|/\$?)"
_FIFO = r"(\.fifo)?$"

DEAD_LETTER = rf"(?i)(?:^|{_BEFORE}){_DEAD}(?:$|[-_.])|{_BEFORE}{_FAILED}{_FIFO}|^error$"
"""In the name of what takes messages that nobody tries again."""
DEAD_LETTER_ENDING = rf"(?i){_BEFORE}(?:{_DEAD}|{_FAILED}){_FIFO}"
"""Of such a name behind that of the source; the group is what FIFO queues keep."""

_RETRIED = re.compile(rf"(?i)^{_RETRY}\..|(?:^|{_BEFORE}){_RETRY}{_NUMBER}{_FIFO}")
_ENDING = re.compile(rf"(?i){_BEFORE}(?:(?:{_DEAD}|{_RETRY}){_NUMBER}|{_FAILED}){_FIFO}")
_BEGINNING = re.compile(rf"(?i)^(?:{_DEAD}[-_.]|{_RETRY}\.)(?!(?:queue|topic|exchange)$)(?=.)")
_SOURCE = re.compile(DEAD_LETTER_ENDING)
# No broker has longer names; endings come off one by one, which takes long in longer ones.
_LONGEST = 300


def is_retry(destination: str | None) -> bool:
    """Whether failed messages are sent there to be tried again."""
    return bool(_RETRIED.search(destination or ""))


@lru_cache(maxsize=10_000)
def base_of(destination: str | None) -> str | None:
    """What a destination is called without all that says retry or dead letter, and `.fifo`."""
    if destination is None or len(destination) > _LONGEST:
        return destination
    name = destination.removesuffix(".fifo")
    while (shorter := _BEGINNING.sub("", _ENDING.sub("", name))) not in (name, ""):
        name = shorter
    return name


def retried_topic(destination: str | None) -> str | None:
    """The topic whose failed records a retry or dead-letter topic takes, by its name: None
    for other names."""
    base = base_of(destination)
    return base if base != (destination or "").removesuffix(".fifo") else None


@lru_cache(maxsize=10_000)
def source_of(destination: str) -> str:
    """The queue whose failed messages a dead-letter queue takes, by its name: itself for
    other names."""
    if len(destination) > _LONGEST:
        return destination
    return _SOURCE.sub(r"\1", destination) or destination
