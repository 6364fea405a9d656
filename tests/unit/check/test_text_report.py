"""The verdict for the terminal."""

import pytest

from tests.unit.check.objects import edge
from tests.unit.check.verdicts import BROKEN, CLEAN, hostile
from tracestitch.check.text_report import draw_verdict, summarise
from tracestitch.check.verdict import Seen, Verdict


def test_a_clean_verdict_is_one_line() -> None:
    assert draw_verdict(CLEAN) == ("Passed: 2 of 2 hand-overs propagated, in 3 traces of 9 spans.")


def test_large_numbers_are_written_alike() -> None:
    many = Verdict(Seen(9, 3, edges=[edge(count=30_000, connected=20_000)]), (), (), ())

    assert summarise(many).startswith("Passed: 20\u202f000 of 30\u202f000 hand-overs propagated, ")


def test_findings_stand_by_hand_over_and_cause_with_their_fix() -> None:
    assert draw_verdict(BROKEN).splitlines() == [
        "The hand-over invoices -> audit is not there",
        "    No hand-over of a message was seen at all.",
        "",
        "order-service → orders (aws_sqs) → payment-service",
        "  S1 Title of S1, confidence 0.9: 2 orphan roots",
        "  such as trace t1, span s1 (order.process)",
        "    Ask.",
        "    Again.",
        "  S3 Title of S3, confidence 0.9: 1 orphan root",
        "  such as trace t3, span s1 (other)",
        "    Ask.",
        "    Again.",
        "",
        "Not counted: 1 expected (P1); --strict counts them.",
        "",
        "Remark: Something odd.",
        "",
        "Failed: 3 orphan roots, 1 expectation missed, 1 of 4 hand-overs propagated, "
        "in 3 traces of 9 spans.",
    ]


def test_colour_is_added_and_nothing_else() -> None:
    coloured = draw_verdict(BROKEN, coloured=True)

    assert "\x1b[31m" in coloured
    for code in ("\x1b[31m", "\x1b[1m", "\x1b[0m"):
        coloured = coloured.replace(code, "")
    assert coloured == draw_verdict(BROKEN)


@pytest.mark.parametrize("coloured", [False, True])
def test_names_in_spans_do_not_command_the_terminal(coloured: bool) -> None:
    text = draw_verdict(hostile(), coloured=coloured)

    assert "\x00" not in text
    assert "\ud800" not in text
    assert "[31m<&" in text
    assert "\x1b[31m<" not in text
