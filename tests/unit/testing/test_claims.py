"""What all claims say."""

from tests.builders import span
from tests.unit.testing.conftest import Scene
from tracestitch.testing.claims import count_lines, find_missing
from tracestitch.testing.seen import Seen


def test_lines_stand_once_with_how_often_they_were_there() -> None:
    assert count_lines(["a", "b", "b"]) == ["2 × b", "a"]
    assert count_lines([]) == []


def test_of_many_lines_the_most_frequent_stand() -> None:
    lines = count_lines([*map(str, range(15)), "14"])

    assert (lines[0], len(lines), lines[-1]) == ("2 × 14", 11, "and 5 others")


def test_names_that_are_missing_are_counted(scene: Scene) -> None:
    seen = scene.see(span("a", id=1), span("b", id=2))

    assert find_missing(seen, ["a", "b"]) is None
    missing = find_missing(seen, ["a", "a", "c"])
    assert missing is not None
    assert (missing.sentence, missing.missing) == ("Not seen: 2 × a and c", ["a", "c"])


def test_without_spans_nothing_was_checked() -> None:
    missing = find_missing(Seen(), [])

    assert missing is not None
    assert missing.sentence == "No spans were seen, so nothing was checked"
