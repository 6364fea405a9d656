"""How far analyzers came that share a store inside one process: kept in memory."""

import threading
from collections.abc import Iterable
from typing import Any

from storage import partition_progress
from storage.partition import WHOLE, Partition
from storage.partition_progress import PartitionStatus, Place, Progress, State


class LocalPartitions:
    """Thread-safe."""

    def __init__(self, analysed: int = 0) -> None:
        self._state: State = partition_progress.analysed(WHOLE, analysed)
        self._changes = 0
        self._changing = threading.Lock()

    @property
    def state(self) -> State:
        return self._state

    @property
    def settled(self) -> int:
        return partition_progress.settled(self._state)

    @property
    def status(self) -> tuple[PartitionStatus, ...]:
        return partition_progress.status_of(self._state)

    def settled_after(self, partition: Partition, generation: int) -> int:
        """What `settled` is when the partition is analysed up to there."""
        return partition_progress.settled(
            {**self._state, **partition_progress.analysed(partition, generation)}
        )

    def claim(self, partition: Partition) -> int:
        with self._changing:
            if partition not in partition_progress.partitions_of(self._state):
                self._change(**partition_progress.divided(self._state, partition.of), divided=True)
        return 1 + sum(int(self._state.get(name, 0)) for name in ("divided", "forgotten"))

    def note_answered(self, partition: Partition) -> None:
        self._note(**partition_progress.answered(partition))

    def note_analysed(self, partition: Partition, generation: int) -> None:
        self._note(**partition_progress.analysed(partition, generation))

    def note_judged(self, partition: Partition, generation: int, places: Iterable[Place]) -> None:
        self._note(**partition_progress.judged(partition, generation, places))

    def note_forgotten(self) -> None:
        with self._changing:
            self._change(**partition_progress.forgotten(self._state), forgotten=True)

    def note_deleted(self) -> None:
        self._note(deleted=True)

    def _note(self, **told: Any) -> None:
        with self._changing:
            self._change(**told)

    def _change(self, **told: Any) -> None:
        """What only happens is named by its number."""
        self._changes += 1
        numbered = {name: self._changes for name, value in told.items() if value is True}
        self._state = {**self._state, **told, **numbered}


class PartitionedHere:
    """What engines of one process have in common (storage/answering.py)."""

    _partitions: LocalPartitions

    def _check_open(self) -> None:
        raise NotImplementedError

    def _newest(self) -> int:
        raise NotImplementedError

    def claim_analysis(self, partition: Partition = WHOLE) -> int:
        self._check_open()
        return self._partitions.claim(partition)

    def progress(self, partition: Partition = WHOLE) -> Progress:
        return partition_progress.progress_of(self._partitions.state, partition, self._newest())

    def note_judged(self, partition: Partition, generation: int, places: Iterable[Place]) -> None:
        self._check_open()
        self._partitions.note_judged(partition, generation, places)
