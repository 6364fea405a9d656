"""Which span ids the store may hold: a Bloom filter, so that new spans are known to be
new without a look at the store.

Retries are rare and can come at any time with any timestamp: a time window over the
stored spans would either miss some of them or, with one wild timestamp in a batch, cost
a whole scan each time. The filter answers "certainly new" for all but a few in 100,000
new ids; only the others are looked up, exactly.
"""

import secrets

import numpy as np
import numpy.typing as npt
import polars as pl

U64Array = npt.NDArray[np.uint64]

_PROBES = 6
_BITS_PER_SPAN = 32  # with 6 probes: 2.5 in 100,000 wrongly "maybe" when full
_SMALLEST, _LARGEST = 2**20, 2**25  # spans: 4 MiB and 128 MiB; fuller than that, it only slows


class SeenIds:
    """Not thread-safe: it belongs to the writer."""

    def __init__(self) -> None:
        # Senders choose the ids: without a secret they could choose colliding ones.
        self._secrets = [np.uint64(secrets.randbits(64) | 1) for _ in range(4)]
        self.clear(0)

    def clear(self, expected: int) -> None:
        """Forget everything and make room for twice the expected number of ids."""
        self.capacity = _SMALLEST
        while self.capacity < min(2 * expected, _LARGEST):
            self.capacity *= 2
        self.count = 0
        self._words: U64Array = np.zeros(self.capacity * _BITS_PER_SPAN // 64, np.uint64)

    @property
    def full(self) -> bool:
        """True when a larger filter would help; `clear` it and add all ids again."""
        return self.count > self.capacity and self.capacity < _LARGEST

    def hash_ids(self, spans: pl.DataFrame) -> U64Array:
        """One number for each (trace_hi, trace_lo, span_id)."""
        hashed = np.zeros(spans.height, np.uint64)
        names = ("trace_hi", "trace_lo", "span_id")
        for name, secret in zip(names, self._secrets[:3], strict=True):
            column: U64Array = spans[name].to_numpy()
            hashed = mix((hashed ^ column) * secret)
        return hashed

    def add(self, ids: U64Array) -> None:
        for position in self._positions(ids):
            words = (position >> np.uint64(6)).astype(np.int64)
            bits = np.uint64(1) << (position & np.uint64(63))
            # Of several bits for one word only the last is set: again for the others.
            # Much faster than `bitwise_or.at`.
            while len(words):
                self._words[words] |= bits
                missing = self._words[words] & bits == 0
                words, bits = words[missing], bits[missing]
        self.count += len(ids)

    def may_hold(self, ids: U64Array) -> npt.NDArray[np.bool_]:
        held = np.ones(len(ids), np.bool_)
        for position in self._positions(ids):
            words = self._words[(position >> np.uint64(6)).astype(np.int64)]
            held &= (words >> (position & np.uint64(63))) & np.uint64(1) == 1
        return held

    def _positions(self, ids: U64Array) -> list[U64Array]:
        step = mix(ids * self._secrets[3]) | np.uint64(1)
        mask = np.uint64(len(self._words) * 64 - 1)
        return [(ids + np.uint64(probe) * step) & mask for probe in range(_PROBES)]


def mix(numbers: U64Array) -> U64Array:
    """MurmurHash3's 64-bit finalizer: every bit of the input reaches every bit."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        numbers = (numbers ^ (numbers >> np.uint64(33))) * np.uint64(factor)
    return numbers ^ (numbers >> np.uint64(33))
