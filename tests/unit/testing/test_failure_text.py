"""What a failed assertion says."""

from tests.builders import span
from tests.unit.testing.conftest import Scene
from tests.unit.testing.handovers import process_cut, publish
from tracestitch.testing.answers import Answers
from tracestitch.testing.arrivals import Asked
from tracestitch.testing.claims import Failure
from tracestitch.testing.failure_text import Circumstances, tell_failure
from tracestitch.testing.handover_claims import Propagated

QUIET = Circumstances(waited_seconds=5.0, sources="Nobody sends.", begun={}, flaws=[])


def test_the_journey_is_drawn_with_the_broken_hop_its_cause_and_fix(
    scene: Scene, answers: Answers
) -> None:
    seen = scene.see(publish(), process_cut())
    failure = Propagated(Asked("order.publish", "order.process"))(seen)
    assert failure is not None

    text = tell_failure(failure, seen, answers.find_journeys(failure.at), QUIET)

    head, _, tree = text.partition("\n\n")
    assert head.startswith("order.publish → order.process is not propagated in 1 of 1 hand-over (")
    assert "waited 5.0 s" in head
    assert tree.startswith("Journey: ")
    assert "shop: order.publish" in tree
    assert "→ [stitched by " in tree
    assert "pay: order.process" in tree
    assert "! S1 Message attributes were not requested" in tree
    assert "--message-attribute-names All" in tree
    assert "Nobody sends" not in text


def test_what_was_seen_stands_beside_what_was_not(scene: Scene) -> None:
    seen = scene.see(publish(), publish(id=3), span("order.proces", id=4, service="pay"))

    text = tell_failure(Failure("Not seen", missing=["order.process"]), seen, [], QUIET)

    assert text.splitlines() == [
        "Not seen (waited 5.0 s).",
        "Seen in this test:",
        "  shop: 2 × order.publish",
        "  pay: order.proces",
        "Is order.process perhaps order.proces?",
        "Nobody sends.",
    ]


def test_without_any_span_it_says_where_they_could_come_from(scene: Scene) -> None:
    begun = Circumstances(5.0, "Nobody sends.", {"order.process": 2}, ["A span\x07 was bad."])

    assert tell_failure(Failure("Nothing"), scene.see(), [], begun).splitlines() == [
        "Nothing (waited 5.0 s).",
        "Nobody sends.",
        "Begun and not ended, so not seen: 2 × order.process.",
        "A span\N{REPLACEMENT CHARACTER} was bad.",
    ]


def test_many_names_and_long_trees_are_cut(scene: Scene, answers: Answers) -> None:
    seen = scene.see(*(span(f"step {n}", id=n, parent=n - 1 or None) for n in range(1, 251)))
    failure = Failure("Not seen", missing=["mail.send"], at=[(f"{1:032x}", f"{1:016x}")])

    text = tell_failure(failure, seen, answers.find_journeys(failure.at), QUIET)

    assert "  and 230 other names" in text
    assert text.endswith("… and 51 more lines")
