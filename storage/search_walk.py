"""How an engine of SQL goes back in time for a search (storage/search_reads.py).

In steps that get longer: what is asked for often is found in the newest spans, and who looks
for something rare is told how far the search came (docs/adr/0023).
"""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

import pyarrow as pa

from storage import schema
from storage.paging import I64_RANGE, TRACE_ORDER, Key, encode_mark, within_i64
from storage.queries import Found, Page, SearchQuery

_SAMPLED = 1_024  # one span in so many is in a sample
_FIRST_STEP, _LONGER = 2**16, 4
_LAST_TRACE = (2**64 - 1, 2**64 - 1)
LATEST = I64_RANGE.stop - 1
EARLIEST = I64_RANGE.start

_Each = TypeVar("_Each")


class Ground(Protocol):
    """What a walk is over: the spans of a store that may meet a query.

    Keys are (start of the newest span that is asked for, trace_hi, trace_lo), newest first.
    """

    @property
    def query(self) -> SearchQuery: ...

    @property
    def scans(self) -> bool:
        """Whether all rows may meet it."""

    def count(self) -> int:
        """Stored spans."""
        ...

    def sample(self, latest: int, earliest: int, limit: int) -> list[int]:
        """Starts of one span in 1,024 by its content, from `latest` back to `earliest`."""
        ...

    def candidates(self, floor: int, mark: Key | None, limit: int) -> list[Key]:
        """By the spans that began from `floor` on and stand behind the mark."""
        ...

    def newest(self, traces: pa.Table) -> list[Key]:
        """By all spans of these traces (TRACE_IDS)."""
        ...


def find_traces(
    ground: Ground, mark: Key | None, page: Page, scan: int | None
) -> tuple[list[Key], Key | None]:
    """The keys of a page, and the mark of the next one where there may be more."""
    found, back_to = _find(ground, mark, page.limit + 1, scan)
    if len(found) > page.limit:
        return found[: page.limit], found[page.limit - 1]
    return found, None if back_to is None else (back_to, *_LAST_TRACE)


def trace_table(keys: Sequence[Key]) -> pa.Table:
    columns = [[key[place] for key in keys] for place in (1, 2)]
    return pa.table(columns, schema=schema.TRACE_IDS)


def found_page(keys: Sequence[Key], rest: Key | None, summaries: pa.Table) -> Found:
    """The summaries of these traces in the order of the keys."""
    order = {key[1:]: number for number, key in enumerate(keys)}
    ids = zip(*(summaries[name].to_pylist() for name in TRACE_ORDER), strict=True)
    places = sorted(range(summaries.num_rows), key=[order[each] for each in ids].__getitem__)
    table = summaries.take(pa.array(places, pa.int64()))
    if rest is None:
        return Found(table, None)
    return Found(table, encode_mark(rest), int(rest[0]))


def keys_of(table: pa.Table) -> list[Key]:
    """Of columns newest, trace_hi, trace_lo."""
    columns = (table[name].to_pylist() for name in ("newest", *TRACE_ORDER))
    return list(zip(*columns, strict=True))


def _find(
    ground: Ground, mark: Key | None, limit: int, scan: int | None
) -> tuple[list[Key], int | None]:
    """Keys of the order behind the mark, and the instant at which the search ended
    before it had found so many or looked at everything."""
    found: list[Key] = []
    floor = None
    for floor in _floors(ground, mark, scan):
        more = True
        while more and len(found) < limit:
            room = limit - len(found)
            candidates = ground.candidates(_or(floor, EARLIEST), mark, room)
            more = len(candidates) == room
            if candidates:
                found += _without_newer(ground, candidates, first=mark is None)
                mark = candidates[-1]
        if len(found) >= limit:
            return found, None
        if floor is not None:
            mark = (floor, *_LAST_TRACE)
    return found, floor


def _floors(ground: Ground, mark: Key | None, scan: int | None) -> Iterator[int | None]:
    """Starts (ns) that a step goes back to; None where all is left that there is."""
    if not ground.scans or ground.count() <= _FIRST_STEP:
        yield None
        return
    budget = None if scan is None else max(scan // _SAMPLED, 1)
    earliest = _or(within_i64(ground.query.start), EARLIEST)
    sample = ground.sample(_latest(ground.query, mark), earliest, _or(budget, LATEST))
    step, at = _FIRST_STEP // _SAMPLED, 0
    while True:
        at += step
        last = budget is not None and at >= budget
        at = min(at, budget) if budget is not None else at
        if at > len(sample):
            yield None
            return
        yield sample[at - 1]
        if last:
            return
        step *= _LONGER


def _without_newer(ground: Ground, candidates: list[Key], *, first: bool) -> list[Key]:
    """Those that have no newer span which is asked for: they stood before the mark."""
    if first:
        return candidates
    newest = set(ground.newest(trace_table(candidates)))
    return [key for key in candidates if key in newest]


def _latest(query: SearchQuery, mark: Key | None) -> int:
    """The newest start that is left to look at."""
    newest = LATEST if mark is None else int(mark[0])
    end = within_i64(query.end)
    return newest if end is None else min(newest, max(end - 1, EARLIEST))


def _or(value: _Each | None, otherwise: _Each) -> _Each:
    return otherwise if value is None else value
