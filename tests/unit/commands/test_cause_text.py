"""A cause in one line."""

from tracestitch.cause_text import name_cause, tell_cause


def test_a_cause_says_how_sure_it_is_and_what_it_may_be_else() -> None:
    assert tell_cause("S1", "Not requested", 0.7) == "S1 Not requested, confidence 0.7"
    assert tell_cause("S1", "Not requested", 0.7, ["S2", "S4"]) == (
        "S1 Not requested, confidence 0.7 (perhaps S2, S4)"
    )


def test_a_cause_that_cannot_be_told_has_no_confidence() -> None:
    assert tell_cause("unknown", "No telling", 0.0, ["S2"]) == "unknown No telling (perhaps S2)"


def test_what_a_server_answers_commands_no_terminal() -> None:
    told = name_cause("S1\x1b[2J", "a\nb") + tell_cause("\x07", "\x1b", 0.5, ["\x1b[2J"])
    assert told.isprintable()
