"""In which generations something may be found, so that a look-up reads only those.

Trace ids and hashes of keys are random: no order of rows and no range of values keeps a
look-up from reading all of a table. A Bloom filter for each run of generations does. The
filters are bit-sliced, 32 runs to an array: one word tells of all of them at once whether
they may hold an id (BIGSI, Bradley et al., "Ultrafast search of all deposited bacterial
and viral genomic data", Nature Biotechnology 37, 2019).
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from storage.arrays import U64Array
from storage.seen import mix

U32Array = npt.NDArray[np.uint32]
Span = tuple[int, int]

_RUNS = 32
_BITS = 22  # of a position: an array of 16 MiB
_BITS_PER_ID = 48  # with 10 probes: an id in 18 million is wrongly "maybe" in a full run
_PROBES = 10
_IDS_PER_RUN = 2**_BITS // _BITS_PER_ID
_SIFTED = 2
# Ids that are hashed at once: bounds what a look-up takes beside the filters. A few from
# all over go first: most ids are found together, and a run that holds one of them need not be
# looked for again.
_SLICE = 2**16
_FIRST = 2**8


@dataclass(slots=True)
class _Runs:
    """The filters of up to 32 runs; `spans` their first and last generation."""

    words: U32Array = field(default_factory=lambda: np.zeros(2**_BITS, np.uint32))
    spans: list[Span] = field(default_factory=list)
    room: int = 0  # of the last run


class Places:
    """Ids by generation. Not thread-safe."""

    def __init__(self) -> None:
        # Senders choose ids: without a secret they could choose colliding ones.
        self._secrets = [np.uint64(secrets.randbits(64) | 1) for _ in range(2)]
        self._groups: list[_Runs] = []
        self.upto = 0
        """The ids of the generations up to this one are known."""
        self.count = 0
        """Ids that were added."""

    @property
    def nbytes(self) -> int:
        return sum(group.words.nbytes for group in self._groups)

    def add(self, ids: U64Array, first: int, last: int) -> None:
        """These ids are found in the generations from `first` to `last`, which are later
        than all before. Repeated ids count once more."""
        self.count += len(ids)
        while len(ids):
            group = self._open_group(first, last)
            taken, ids = ids[: group.room], ids[group.room :]
            bit = np.uint32(1 << (len(group.spans) - 1))
            for hashed, step in self._hash(taken):
                for probe in range(_PROBES):
                    group.words[_positions(hashed, step, probe)] |= bit
            group.room -= len(taken)
            group.spans[-1] = (group.spans[-1][0], last)
        self.upto = last

    def forget_before(self, first: int) -> None:
        """Nothing is found before this generation any more: filters that tell of nothing
        later are freed, all but the one that is being filled."""
        full, filling = self._groups[:-1], self._groups[-1:]
        self._groups = [group for group in full if group.spans[-1][1] >= first] + filling

    def find(self, ids: U64Array) -> list[Span]:
        """First and last generation of the runs that may hold any of the ids, in order,
        adjoining ones as one."""
        found: list[Span] = []
        for group in self._groups:
            runs = 0
            for part in (ids[:: len(ids) // _FIRST + 1], ids):
                for hashed, step in self._hash(part):
                    runs |= _runs_of(group, hashed, step, runs)
            for run, span in enumerate(group.spans):
                if runs >> run & 1:
                    found.append(span)
        return _joined(found)

    def may_hold(self, ids: U64Array) -> npt.NDArray[np.bool_]:
        """Of each id whether it may be found anywhere."""
        held = np.zeros(len(ids), np.bool_)
        for group in self._groups:
            left = np.flatnonzero(~held)
            start = 0
            for hashed, step in self._hash(ids[left]):
                rows, _ = _look(group, hashed, step, 0)
                held[left[start + rows]] = True
                start += len(hashed)
        return held

    def _open_group(self, first: int, last: int) -> _Runs:
        """The last group, with room in its last run."""
        group = self._groups[-1] if self._groups else None
        if group is None or (group.room == 0 and len(group.spans) == _RUNS):
            group = _Runs()
            self._groups.append(group)
        if group.room == 0:
            group.spans.append((first, last))
            group.room = _IDS_PER_RUN
        return group

    def _hash(self, ids: U64Array) -> Iterator[tuple[U64Array, U64Array]]:
        """Position of the first probe and step to the next one, for a slice at a time. Of two
        halves: ids with a step in common meet often."""
        for start in range(0, len(ids), _SLICE):
            hashed = mix((ids[start : start + _SLICE] ^ self._secrets[0]) * self._secrets[1])
            yield hashed, hashed >> np.uint64(32) | np.uint64(1)


def _positions(hashed: U64Array, step: U64Array, probe: int) -> npt.NDArray[np.int64]:
    return ((hashed + np.uint64(probe) * step) & np.uint64(2**_BITS - 1)).astype(np.int64)


def _runs_of(group: _Runs, hashed: U64Array, step: U64Array, known: int) -> int:
    """Bits of the group's runs that may hold one of the ids, but for the `known` ones."""
    _, masks = _look(group, hashed, step, known)
    return int(np.bitwise_or.reduce(masks))


def _look(
    group: _Runs, hashed: U64Array, step: U64Array, known: int
) -> tuple[npt.NDArray[np.int64], U32Array]:
    """Which of the ids the group may hold, and bits of its runs that may hold each of these,
    but for the `known` ones."""
    rows = np.arange(len(hashed))
    masks = np.full(len(hashed), (2**_RUNS - 1) & ~known, np.uint32)
    for probe in range(_PROBES):
        masks &= group.words[_positions(hashed, step, probe)]
        if probe >= _SIFTED:  # most ids are ruled out by then
            left = masks != 0
            rows, hashed, step, masks = rows[left], hashed[left], step[left], masks[left]
    return rows, masks


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for first, last in spans:
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined
