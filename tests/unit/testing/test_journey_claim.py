"""The claim that everything with one id stands in one journey."""

from tests.builders import link, span
from tests.unit.testing.conftest import Scene
from tests.unit.testing.handovers import process, process_cut, process_linked, publish
from tests.unit.testing.sentences import sentence
from tracestitch.testing.journey_claim import OneJourney

ONE = OneJourney("order.id", "123")


def test_a_child_stands_in_its_producers_journey(scene: Scene) -> None:
    assert ONE(scene.see(publish(), process())) is None


def test_a_link_joins_traces_to_one_journey(scene: Scene) -> None:
    assert ONE(scene.see(publish(), process_linked())) is None


def test_a_stitched_hand_over_is_a_break(scene: Scene) -> None:
    told = sentence(ONE, scene.see(publish(), process_cut()))

    assert told.startswith("order.id = 123 is not one journey: Seen: 1 orphan root\n")
    assert "S1 Message attributes were not requested" in told


def test_an_allowed_orphan_root_is_no_break(scene: Scene) -> None:
    seen = scene.see(publish(), process(), process_cut(id=9))

    assert ONE(seen) is not None
    assert OneJourney("order.id", "123", allow=["S1"])(seen) is None


def test_work_that_nothing_joins_is_a_second_piece(scene: Scene) -> None:
    apart = span("invoice.print", trace=8, service="billing", attributes={"order.id": "123"})
    told = sentence(ONE, scene.see(publish(), process(), apart))

    assert "no context joins its 2 pieces" in told
    assert f"invoice.print in billing and what follows: 1 span, trace {8:032x}" in told


def test_links_between_other_spans_join_too(scene: Scene) -> None:
    joined = span("audit", trace=8, attributes={"order.id": "123"}, links=[link(trace=1, id=2)])

    assert ONE(scene.see(publish(), process(), joined)) is None


def test_an_id_that_nothing_carries_has_no_journey(scene: Scene) -> None:
    seen = scene.see(publish(), process())

    assert sentence(OneJourney("order.id", "999"), seen) == "No span carries order.id = 999"
    assert "No spans were seen" in sentence(ONE, type(seen)())


def test_spans_on_the_way_must_be_in_it(scene: Scene) -> None:
    seen = scene.see(publish(), process(), span("mail.send", trace=9))

    assert OneJourney("order.id", "123", ["order.publish", "order.process"])(seen) is None
    assert sentence(OneJourney("order.id", "123", ["mail.send"]), seen) == (
        "The journey of order.id = 123: Not seen: mail.send"
    )


def test_a_journey_without_a_hand_over_proves_nothing(scene: Scene) -> None:
    assert sentence(ONE, scene.see(publish())) == (
        "The journey of order.id = 123 holds no hand-over of a message"
    )
