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

from storage.arrays import U64Array

# An id sets two bits in each of three words: three looks into memory instead of six, for
# nearly as few mistakes. The upper bits of a product say which word, lower ones which bits.
_PROBES = 3
_BIT_SHIFTS = (np.uint64(28), np.uint64(34))
_BITS_PER_SPAN = 32  # 4 in 100,000 wrongly "maybe" when full
_SMALLEST, _LARGEST = 2**20, 2**25  # spans: 4 MiB and 128 MiB; fuller than that, it only slows


class SeenIds:
    """Not thread-safe: it belongs to the writer."""

    def __init__(self) -> None:
        # Senders choose the ids: without a secret they could choose colliding ones.
        self._secrets = [np.uint64(secrets.randbits(64) | 1) for _ in range(3 + _PROBES)]
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
        for secret in self._secrets[3:]:
            words, bits = self._places(ids, secret)
            # Of several ids for one word only the last is set: again for the others.
            # Much faster than `bitwise_or.at`.
            while len(words):
                held = self._words[words] | bits
                self._words[words] = held
                missing = self._words[words] & bits != bits
                words, bits = words[missing], bits[missing]
        self.count += len(ids)

    def may_hold(self, ids: U64Array) -> npt.NDArray[np.bool_]:
        # Of new ids the first word already rules out nearly all.
        left = np.arange(len(ids))
        for secret in self._secrets[3:]:
            words, bits = self._places(ids[left], secret)
            left = left[self._words[words] & bits == bits]
        held = np.zeros(len(ids), np.bool_)
        held[left] = True
        return held

    def _places(self, ids: U64Array, secret: np.uint64) -> tuple[npt.NDArray[np.int64], U64Array]:
        """A word of the filter for each of the ids, and the bits in it that stand for it. Hashed
        ids are mixed well: multiplying them by an odd number mixes the upper half anew."""
        word_shift = np.uint64(65 - len(self._words).bit_length())
        mixed = ids * secret
        first, second = (np.uint64(1) << ((mixed >> s) & np.uint64(63)) for s in _BIT_SHIFTS)
        return (mixed >> word_shift).astype(np.int64), first | second


def mix(numbers: U64Array) -> U64Array:
    """MurmurHash3's 64-bit finalizer: every bit of the input reaches every bit."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        numbers = numbers ^ (numbers >> np.uint64(33))
        numbers *= np.uint64(factor)
    numbers ^= numbers >> np.uint64(33)
    return numbers


def has_repeats(ids: U64Array) -> bool:
    ordered = ids.copy()
    ordered.sort()
    return bool((ordered[1:] == ordered[:-1]).any())
