"""Several analyzers of one store: whose traces are whose, and how far each of them came.

Traces are divided by their ids, so a trace has one owner for as long as the number of
analyzers stays. What an engine notes of them is one mapping, the state; the functions here say
what is in it (docs/adr/0028).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from storage.partition import WHOLE, Partition, parts_of

# An odd number without a pattern: ids that somebody counts up are spread, too.
_SPREAD = pl.lit(0x9E3779B97F4A7C15, pl.UInt64)
_UPPER_HALF = pl.lit(2**32, pl.UInt64)

State = Mapping[str, Any]
Place = tuple[str | None, ...]


def select_own(partition: Partition, rows: pl.DataFrame) -> pl.DataFrame:
    """Those of the rows whose trace (column trace_lo) is the partition's."""
    return rows if partition.is_whole else rows.filter(_owner(partition.of) == partition.number)


def _owner(of: int) -> pl.Expr:
    """The number of a trace's partition. A stable function of the lower half of its id: the
    upper half of the product is what all bits of an id have a part in."""
    mixed = pl.col("trace_lo") * _SPREAD // _UPPER_HALF
    return (mixed * of // _UPPER_HALF).cast(pl.Int64) + 1


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one of the analyzers came."""

    newest: int
    """The newest generation of the store that is complete."""
    analysed: int
    """The generation up to which its own traces are answered."""
    least: int
    """That of the one that is furthest behind."""
    judged: int
    """The generation up to which its roots are judged by the answers of all."""
    others: int
    """Grows with whatever changes facts of the store, except its own answers."""
    places: frozenset[Place] | None
    """Suspect places whose earlier root sends are answered as such; None where these are all
    that the stored answers show, since there never was another analyzer."""
    earlier: tuple[tuple[int, ...], ...]
    """How far those came that the store was divided among before, each set in order; only as
    long as one of them is ahead."""


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    partition: Partition
    analysed: int
    """As in Progress."""
    is_held: bool
    """Whether a process has it that was heard of."""


def partitions_of(state: State) -> list[Partition]:
    """Those that the store is divided into."""
    return parts_of(int(state.get("partitions", 1)))


def analysed_by(state: State, partition: Partition) -> int:
    return int(state.get(partition.name("analysed"), 0))


def settled(state: State) -> int:
    """The generation up to which readers may take answers as those of one analyzer: the last
    one that all have answered counts when each has judged by what all answered."""
    partitions = partitions_of(state)
    least = _least(state)
    judged_by = (int(state.get(each.name("judged"), 0)) for each in partitions)
    return least if partitions == [WHOLE] or min(judged_by) >= least else max(least - 1, 0)


def progress_of(state: State, partition: Partition, newest: int) -> Progress:
    others = [each for each in partitions_of(state) if each != partition]
    theirs = [each.name("answered") for each in others]
    # Whoever deletes knows.
    theirs += [] if partition.leads else ["deleted"]
    places = state.get(partition.name("places"))
    return Progress(
        newest=newest,
        analysed=analysed_by(state, partition),
        least=_least(state),
        judged=int(state.get(partition.name("judged"), 0)),
        others=sum(int(state.get(name, 0)) for name in theirs),
        places=None if places is None else frozenset(tuple(place) for place in places),
        earlier=tuple(tuple(each) for each in state.get("earlier", ())),
    )


def status_of(
    state: State, is_held: Callable[[Partition], bool] = lambda _: True
) -> tuple[PartitionStatus, ...]:
    return tuple(
        PartitionStatus(each, analysed_by(state, each), is_held(each))
        for each in partitions_of(state)
    )


def answered(partition: Partition) -> dict[str, Any]:
    """How the state changes with each answer that facts of the store come of; True stands for
    the number of the change."""
    return {partition.name("answered"): True}


def analysed(partition: Partition, generation: int) -> dict[str, Any]:
    """How the state changes when the partition's traces are answered up to there."""
    return {partition.name("analysed"): generation}


def judged(partition: Partition, generation: int, places: Iterable[Place]) -> dict[str, Any]:
    """How the state changes when the partition's roots are judged by what all answered up to
    there; `places` as in Progress."""
    return {partition.name("judged"): generation, partition.name("places"): list(places)}


def forgotten(state: State) -> dict[str, Any]:
    """How the state changes when all answers are forgotten."""
    partitions = partitions_of(state)
    places: list[Place] | None = None if partitions == [WHOLE] else []
    return {"earlier": []} | _from(partitions, 0, places)


def divided(state: State, of: int) -> dict[str, Any]:
    """How the state changes when the store is divided anew: from where all have answered.
    How far some were beyond is kept: spans that were answered beside deleted ones are not new."""
    before = [analysed_by(state, each) for each in partitions_of(state)]
    least = min(before)
    earlier = [each for each in (*state.get("earlier", ()), before) if max(each) > least]
    return {"partitions": of, "earlier": earlier} | _from(parts_of(of), least, [])


def since_when(
    traces: pl.DataFrame, analysed: int, earlier: Iterable[tuple[int, ...]]
) -> Iterable[tuple[pl.DataFrame, int]]:
    """Traces of one partition by the generation up to which they were answered by whoever had
    them."""
    known = pl.lit(analysed, pl.UInt64)
    for each in earlier:
        reached = pl.lit(pl.Series(each, dtype=pl.UInt64))
        known = pl.max_horizontal(known, reached.gather(_owner(len(each)) - 1))
    dated = traces.with_columns(known.alias("_known"))
    for (known_upto,), rows in dated.group_by("_known"):
        yield rows.drop("_known"), int(known_upto)


def _least(state: State) -> int:
    return min(analysed_by(state, each) for each in partitions_of(state))


def _from(
    partitions: Iterable[Partition], generation: int, places: list[Place] | None
) -> dict[str, Any]:
    """The state of partitions that begin there."""
    began = {"analysed": generation, "judged": 0, "places": places}
    return {each.name(name): value for each in partitions for name, value in began.items()}
