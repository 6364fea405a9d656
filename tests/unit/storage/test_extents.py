"""Extents of stores: worked out once for each state of the spans."""

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
