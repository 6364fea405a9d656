"""Notes on odd ids and times."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.ancestry import NOBODY
from tests.builders import batch, span
from web.journeys.notes import _find_circles, find_notes


def codes(*spans: object) -> dict[int, list[str]]:
    found = find_notes(batch(*spans))  # type: ignore[arg-type]  # built spans
    return {ids[2]: [note["code"] for note in notes] for ids, notes in found.items() if notes}


def test_odd_spans_are_noted_and_others_are_not() -> None:
    assert codes(
        span(id=1),
        span(id=2, parent=1, duration=-1),
        span(id=3, parent=9),
        span(id=4, parent=5),
        span(id=5, parent=4),
        span(id=6, parent=4),
        span("a", id=7, parent=1),
        span("b", id=7, parent=1),
    ) == {
        2: ["negative-duration"],
        3: ["missing-parent"],
        4: ["parent-cycle"],
        5: ["parent-cycle"],
        7: ["duplicate"],
    }


@pytest.mark.parametrize(
    ("above", "circle"),
    [
        ([], []),
        ([NOBODY], [False]),
        ([0], [True]),
        ([2, 0, 1, 0, 3, NOBODY, 5], [True, True, True, False, False, False, False]),
    ],
)
def test_only_the_members_of_a_circle_are_their_own_ancestors(
    above: list[int], circle: list[bool]
) -> None:
    assert _find_circles(np.array(above, np.int64)).tolist() == circle


@given(
    st.integers(1, 9).flatmap(lambda n: st.lists(st.integers(-1, n - 1), min_size=n, max_size=n))
)
def test_circles_are_what_walking_up_comes_back_to(drawn: list[int]) -> None:
    above = [row if row < len(drawn) else NOBODY for row in drawn]

    def comes_back(row: int) -> bool:
        here = above[row]
        for _ in above:
            if here in (row, NOBODY):
                break
            here = above[here]
        return here == row

    found = _find_circles(np.array(above, np.int64)).tolist()
    assert found == [comes_back(row) for row in range(len(above))]
