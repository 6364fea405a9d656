"""Extents of stores: worked out once for each state of the spans."""

import pytest

from storage import extents
from storage.extents import Extent, Extents
from storage.results import Row


class Spans:
    """Spans of made-up appends: (trace, start) by generation."""

    def __init__(self, *appends: list[tuple[int, int]]) -> None:
        self.appends = dict(enumerate(appends, start=1))
        self.asked: list[int] = []

    def read(self, after: int) -> Row:
        self.asked.append(after)
        new = [span for number, spans in self.appends.items() if number > after for span in spans]
        old = {
            trace for number, spans in self.appends.items() if number <= after for trace, _ in spans
        }
        starts = [start for _, start in new]
        return {
            "spans": len(new),
            "traces": len({trace for trace, _ in new} - old),
            "oldest": min(starts, default=None),
            "newest": max(starts, default=None),
        }

    def extent(self, kept: Extents) -> Extent:
        return kept.find(max(self.appends), sum(map(len, self.appends.values())), self.read)


def test_of_new_spans_only_theirs_are_read() -> None:
    kept, spans = Extents(), Spans([(1, 10), (2, 20)])
    assert spans.extent(kept) == Extent(1, 2, 2, 10, 20)
    spans.appends[2] = [(2, 5), (3, 30)]
    assert spans.extent(kept) == Extent(2, 4, 3, 5, 30)
    assert spans.extent(kept) == Extent(2, 4, 3, 5, 30)
    assert spans.asked == [0, 1]


def test_what_was_deleted_or_came_late_is_counted_anew() -> None:
    kept, spans = Extents(), Spans([(1, 10)], [], [(3, 30)])
    spans.extent(kept)
    spans.appends[2] = [(2, 20)]  # committed after the third
    assert spans.extent(kept) == Extent(3, 3, 3, 10, 30)
    del spans.appends[1]
    assert spans.extent(kept) == Extent(3, 2, 2, 20, 30)


def test_nothing_has_no_times() -> None:
    assert Extents().find(0, 0, Spans([]).read) == Extent()


def test_many_spans_are_not_counted_again_for_each_that_is_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extents, "_MANY_SPANS", 1)
    now = 100.0
    kept, spans = Extents(lambda: now), Spans(*([(n, n)] for n in range(1, 7)))
    read = spans.read

    def read_slowly(after: int) -> Row:
        nonlocal now
        now += 0.0 if after else 2.0
        return read(after)

    monkeypatch.setattr(spans, "read", read_slowly)
    spans.extent(kept)
    del spans.appends[1]
    assert spans.extent(kept).traces == 5
    del spans.appends[2]
    spans.appends[7] = [(7, 99)]
    assert spans.extent(kept) == Extent(7, 6, 6, 2, 99)
    now += 39.0
    assert spans.extent(kept).traces == 6
    now += 1.0
    assert spans.extent(kept) == Extent(7, 5, 5, 3, 99)
    assert spans.extent(kept) == Extent(7, 5, 5, 3, 99)
    assert spans.asked.count(0) == 3
