"""The verdict of a check is a function of the spans alone."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.asked import open_answers
from tests.builders import request
from tests.property.pipelines import pipelines
from tracestitch.check.expectations import Expectation
from tracestitch.check.json_report import write_json
from tracestitch.check.settings import Settings
from tracestitch.check.sources import Source, read_answers
from tracestitch.check.verdict import Seen, judge

ASKED = (Expectation("d1", "s1"), Expectation("s0", "s1"))


def look_at(payloads: list[bytes]) -> Seen:
    with open_answers(payloads) as get:
        return read_answers(Source(get, "here", ("here",)))


@st.composite
def reordered(draw: st.DrawFn) -> tuple[list[bytes], list[bytes]]:
    """The same spans in requests of several sizes and in another order, some twice."""
    spans: list[Any] = draw(pipelines())
    mixed = draw(st.permutations(spans))
    size = draw(st.integers(1, len(mixed)))
    cut = [request(*mixed[start : start + size]) for start in range(0, len(mixed), size)]
    return [request(*spans)], [*cut, cut[0]]


@settings(max_examples=15)
@given(given_=reordered(), strict=st.booleans())
def test_neither_order_nor_repetition_of_requests_changes_the_report(
    given_: tuple[list[bytes], list[bytes]], strict: bool
) -> None:
    asked = Settings(expectations=ASKED, strict=strict)
    one, other = (json.loads(write_json(judge(look_at(p), asked, frozenset()))) for p in given_)

    assert one == other


@settings(max_examples=15)
@given(spans=pipelines(), strict=st.booleans())
def test_every_orphan_root_is_told_once_and_a_baseline_of_all_passes(
    spans: list[Any], strict: bool
) -> None:
    asked = Settings(expectations=ASKED, strict=strict)
    seen = look_at([request(*spans)])
    verdict = judge(seen, asked, frozenset())
    roots = [
        f for f in (*verdict.findings, *(q for q, _ in verdict.quiet)) if f.code != "expectation"
    ]

    assert sorted((f.trace_id, f.span_id) for f in roots) == sorted(
        (orphan["trace_id"], orphan["span_id"]) for orphan in seen.orphans
    )
    assert judge(seen, asked, frozenset(each.known_as for each in verdict.findings)).findings == ()
