"""Attempts at one message as one chain, whatever it was called at each of them.

A broker delivers a message again under its id; Celery sends a task again under its id;
retry topics (`orders-retry-1`, Spring's `orders-retry-0` and `orders-dlt`) are sent to
from within the failed attempt; SQS moves a message to its dead-letter queue under its
id; MassTransit's `_error` and `_skipped` queues are sent to by the bus; a redrive gives
the message a new id, but its context still names the first send.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from analyzer.journey_units import Unit
from analyzer.retry_topics import base_of, is_retry

Outcome = Literal["ok", "error", "dead-letter"]
How = Literal["first", "redelivery", "retry", "dead-letter", "redrive"]

# Ids shorter than this, or numbers, are positions or counters and not a message's own.
_SHORTEST_ID = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One attempt. `number` counts them from 1, further where the broker counted some that
    are not stored; `gap` is from the end of the attempt before to the start of this one."""

    unit: Unit
    how: How
    number: int
    gap: int | None
    outcome: Outcome


Chain = tuple[Step, ...]


def chain_units(units: Iterable[Unit]) -> list[Chain]:
    """Deliveries (in order of start) as chains of attempts, by their first. Linear."""
    latest: dict[tuple[object, ...], Unit] = {}
    chains: dict[int, list[tuple[Unit, How]]] = {}
    number_of: dict[tuple[object, ...], int] = {}
    for unit in units:
        if unit.top:
            continue
        before = _find_before(unit, latest)
        if before is None:
            number = len(chains)
            chains[number] = [(unit, "first")]
        else:
            number = number_of[_key(before)]
            chains[number].append((unit, _how(before, unit)))
        number_of[_key(unit)] = number
        for name in _names(unit):
            latest[name] = unit
            if unit.failed:
                latest["failed", *name] = unit
    return [_steps(chain) for chain in chains.values()]


def is_told(chain: Collection[Step]) -> bool:
    """Whether there is more to tell than one delivery at the first attempt."""
    return len(chain) > 1 or any(s.number > 1 or s.unit.dead_letter for s in chain)


def _key(unit: Unit) -> tuple[object, ...]:
    return unit.span, unit.producer


def _own_id(unit: Unit) -> str | None:
    told = unit.told
    return told if told and len(told) >= _SHORTEST_ID and not told.isdigit() else None


def _comparable(unit: Unit) -> str | None:
    """The id in words that mean the same elsewhere: a record's position does not."""
    position = unit.told is not None and unit.told.startswith(f"{unit.destination}.")
    return None if position else unit.told


def _aside(unit: Unit) -> bool:
    """It was read where messages go after an attempt that failed."""
    return unit.dead_letter or is_retry(unit.destination)


def _names(unit: Unit) -> Iterator[tuple[object, ...]]:
    """Under what later attempts may look for this one."""
    base = base_of(unit.destination)
    yield ("same", unit.same, unit.destination)
    yield ("span", unit.span)
    yield ("beside", unit.span[:2], unit.service, base)
    if (told := _own_id(unit)) is not None:
        yield ("id", told)
        yield ("id at", told, base)
        yield ("read", told, unit.service, unit.group, unit.destination)
    if unit.producer is not None:
        yield ("sent", unit.producer)
        yield ("sent to", unit.producer, base, _comparable(unit))


def _find_before(unit: Unit, latest: dict[tuple[object, ...], Unit]) -> Unit | None:
    """The attempt that this one repeats: by what says so most exactly."""
    told = _own_id(unit)
    if told is not None or (unit.producer is not None and unit.attempt > 1):
        again = latest.get(("same", unit.same, unit.destination))
        if again is None and told is not None:
            again = latest.get(("read", told, unit.service, unit.group, unit.destination))
        if again is not None and not _elsewhere(again, unit):
            return again
    for name in _looked_for(unit):
        for asked in (("failed", *name), name):
            before = latest.get(asked)
            if before is not None and _moved(before, unit):
                return before
    return None


def _elsewhere(before: Unit, unit: Unit) -> bool:
    """A record's position that two sends say is of two clusters, or of a topic made anew."""
    producers = {before.producer, unit.producer} - {None}
    return _comparable(unit) is None and len(producers) > 1


def _looked_for(unit: Unit) -> Iterator[tuple[object, ...]]:
    base, told = base_of(unit.destination), _own_id(unit)
    if unit.sent_below is not None:
        yield ("span", unit.sent_below)
    if told is not None:
        yield ("id at", told, base)
        if unit.dead_letter:
            yield ("id", told)
    if unit.producer is not None:
        told = _comparable(unit)
        yield ("sent to", unit.producer, base, told)
        # a send that says its one id is not of a batch: another id is that of a redrive
        if unit.sent_id is not None and told != unit.sent_id:
            yield ("sent to", unit.producer, base, unit.sent_id)
        if told is not None:
            yield ("sent to", unit.producer, base, None)
        # sent on after the failed span had ended, in its trace
        yield ("failed", "beside", unit.producer[:2], unit.sender, base)
        if unit.dead_letter:
            yield ("failed", "sent", unit.producer)


def _moved(before: Unit, unit: Unit) -> bool:
    """Whether destinations say that a message went from one to the other after a failure."""
    if before.span == unit.span or not (_aside(before) or _aside(unit)):
        return False
    if base_of(before.destination) == base_of(unit.destination):
        return True
    return unit.dead_letter and before.failed


def _how(before: Unit, unit: Unit) -> How:
    if unit.dead_letter:
        return "redelivery" if before.destination == unit.destination else "dead-letter"
    if before.dead_letter:
        return "redrive"
    resent = before.destination != unit.destination or before.producer != unit.producer
    return "retry" if resent and unit.producer is not None else "redelivery"


def _steps(chain: list[tuple[Unit, How]]) -> Chain:
    steps: list[Step] = []
    for place, (unit, how) in enumerate(chain):
        follows = chain[place + 1][1] if place + 1 < len(chain) else None
        before = chain[place - 1][0] if place else None
        steps.append(
            Step(
                unit=unit,
                how=how,
                number=max(unit.attempt, steps[-1].number + 1 if steps else 1),
                gap=None if before is None else unit.start - before.end,
                outcome=_outcome(unit, follows),
            )
        )
    return tuple(steps)


def _outcome(unit: Unit, follows: How | None) -> Outcome:
    if unit.dead_letter:
        return "dead-letter"
    # what was sent to a retry topic or put aside has failed, whatever its span says
    return "error" if unit.failed or follows in ("retry", "dead-letter") else "ok"
