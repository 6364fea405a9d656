"""Why a parent is not stored, as far as the spans of its trace say."""

from typing import Any

from analyzer.ancestry import read_ancestry
from tests.builders import EPOCH, batch, span
from web.journeys.missing_parents import BESIDE, DELETED, LOCAL, MANAGED, UNSAMPLED, explain_missing

REMOTE = 0x300
XRAY = (EPOCH // 1_000_000_000) << 96 | 7


def explained(*spans: Any, trace: int = 1, lost: bool = False) -> str:
    asked = (trace >> 64, trace & (2**64 - 1), 2)
    deleted = {asked[:2]} if lost else set()
    stored = batch(*spans)
    ancestry = read_ancestry(stored.spans)
    [reason] = explain_missing(stored, ancestry, {asked}, deleted).values()
    return reason


def headless(**told: Any) -> Any:
    return span(**{"id": 2, "parent": 9, "flags": REMOTE, "service": "b", "at": 1.0, **told})


def test_a_caller_without_a_trace_of_it_was_not_sampled_or_is_elsewhere() -> None:
    assert explained(headless()) == UNSAMPLED


def test_a_missing_local_parent_is_the_process_own() -> None:
    assert explained(headless(flags=0x100)) == LOCAL


def test_spans_before_it_in_other_services_say_that_the_trace_was_sampled() -> None:
    before = span(id=1, service="a")

    assert explained(before, headless()) == BESIDE
    assert explained(headless(), span(id=3, service="b")) == UNSAMPLED
    assert explained(headless(), span(id=3, parent=2, service="c", at=2.0)) == UNSAMPLED


def test_clocks_and_others_below_the_same_missing_span_say_nothing() -> None:
    late = span(id=1, service="a", at=9.0)
    other = span(id=3, parent=9, service="c", flags=REMOTE)

    assert explained(late, headless()) == BESIDE
    assert explained(other, headless()) == UNSAMPLED


def test_a_circle_of_parents_began_nothing() -> None:
    circle = span(id=3, parent=4, service="a"), span(id=4, parent=3, service="a")

    assert explained(*circle, headless()) == UNSAMPLED


def test_a_trace_id_in_the_form_of_x_ray_points_at_a_managed_hop() -> None:
    assert explained(headless(trace=XRAY), trace=XRAY) == MANAGED


def test_what_retention_deleted_is_no_riddle() -> None:
    assert explained(headless(), lost=True) == DELETED


def test_exporters_too_old_for_flags_are_judged_by_the_rest() -> None:
    assert explained(headless(flags=0)) == UNSAMPLED


def test_nothing_is_asked_of_whole_traces() -> None:
    stored = batch(headless())
    assert explain_missing(stored, read_ancestry(stored.spans), set()) == {}
