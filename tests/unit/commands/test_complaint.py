"""What a thread waits for is told, and not every second."""

import logging

import pytest

from tracestitch.complaint import Complaint

LOG = logging.getLogger("waiting")


@pytest.fixture
def complaint() -> Complaint:
    return Complaint(LOG, "It waits")


def test_what_is_over_at_the_next_try_is_a_warning(
    complaint: Complaint, caplog: pytest.LogCaptureFixture
) -> None:
    complaint.say(OSError("busy"))
    complaint.end()

    assert [(r.levelname, r.message) for r in caplog.records] == [("WARNING", "It waits: busy")]


def test_what_lasts_is_an_error_and_said_no_more(
    complaint: Complaint, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        complaint.say(OSError("busy"))

    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]


def test_another_reason_and_the_same_one_later_are_said_again(
    complaint: Complaint, caplog: pytest.LogCaptureFixture
) -> None:
    for why in ("busy", "full", "busy"):
        complaint.say(OSError(why))
    complaint.end()
    complaint.say(OSError("busy"))

    assert [r.message.removeprefix("It waits: ") for r in caplog.records] == [
        *("busy", "full", "busy", "busy")
    ]
