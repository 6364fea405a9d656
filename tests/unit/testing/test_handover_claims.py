"""Claims about hand-overs."""

import pytest

from tests.builders import Built, link, span
from tests.unit.testing.conftest import Scene
from tests.unit.testing.handovers import process, process_cut, process_linked, publish
from tests.unit.testing.sentences import sentence
from tracestitch.testing.arrivals import Asked
from tracestitch.testing.handover_claims import Propagated, WithinWait

ORDER = Asked("order.publish", "order.process")
SECOND = 1_000_000_000


@pytest.mark.parametrize("consumer", [process(), process_linked()], ids=["parent", "link"])
def test_a_context_that_arrived_is_propagated(consumer: Built, scene: Scene) -> None:
    assert Propagated(ORDER)(scene.see(publish(), consumer)) is None


def test_a_cut_context_is_told_with_its_cause(scene: Scene) -> None:
    seen = scene.see(publish(), process_cut())

    assert sentence(Propagated(ORDER), seen).startswith(
        "order.publish → order.process is not propagated in 1 of 1 hand-over\n"
        "order.process in pay: orphan root, S1 Message attributes were not requested, confidence "
    )


@pytest.mark.parametrize("consumer", [process(), process_linked()], ids=["parent", "link"])
def test_names_the_wrong_way_round_are_told(consumer: Built, scene: Scene) -> None:
    asked = Propagated(Asked("order.process", "order.publish"))

    assert sentence(asked, scene.see(publish(), consumer)).splitlines()[1:] == [
        "order.publish → order.process is propagated: are the names the wrong way round?"
    ]


def test_names_are_not_called_wrong_where_neither_way_is_propagated(scene: Scene) -> None:
    asked = Propagated(Asked("order.process", "order.publish"))

    assert "wrong way round" not in sentence(asked, scene.see(publish(), process_cut()))


def test_an_orphan_root_is_told_though_its_answer_is_propagated(scene: Scene) -> None:
    back = span("order.publish", trace=3, id=91, parent=90, kind="CONSUMER", service="shop")
    above = span("order.process", trace=3, id=90, kind="PRODUCER", service="pay")
    told = sentence(Propagated(ORDER), scene.see(publish(), process_cut(), above, back))

    assert "S1" in told
    assert "wrong way round" not in told


def test_one_break_among_many_hand_overs_is_one_too_many(scene: Scene) -> None:
    seen = scene.see(publish(), process(), process_cut(id=9))

    assert "is not propagated in 1 of 2 hand-overs" in sentence(Propagated(ORDER), seen)


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        ([], "No spans were seen, so nothing was checked"),
        ([publish()], "Not seen: order.process"),
        ([span("other")], "Not seen: order.publish and order.process"),
    ],
)
def test_what_was_not_seen_is_named(spans: list[Built], said: str, scene: Scene) -> None:
    failure = Propagated(ORDER)(scene.see(*spans))

    assert failure is not None
    assert failure.sentence == said


def test_a_producer_that_was_not_seen_is_named_beside_what_its_consumer_continues(
    scene: Scene,
) -> None:
    failure = Propagated(ORDER)(scene.see(process()))

    assert failure is not None
    assert failure.sentence.startswith("order.publish → order.process is not propagated")
    assert failure.missing == ["order.publish"]


def test_so_many_hand_overs_must_be_there(scene: Scene) -> None:
    seen = scene.see(publish(), process())

    assert sentence(Propagated(ORDER, count=2), seen) == (
        "order.publish → order.process: 1 of 2 hand-overs seen"
    )


def test_a_destination_that_nothing_came_from_has_no_hand_over(scene: Scene) -> None:
    asked = Asked("order.publish", "order.process", destination="payments")
    failure = Propagated(asked)(scene.see(publish(), process()))

    assert failure is not None
    assert failure.sentence == (
        "order.publish → order.process over payments: 0 of 1 hand-overs seen"
    )
    assert not failure.at, "so that it is told what was seen"


def test_each_message_of_a_batch_is_a_hand_over(scene: Scene) -> None:
    messages = [
        publish(trace=t, id=t, attributes={"messaging.message.id": f"m{t}"}) for t in (1, 2, 3)
    ]
    batch = span(
        "order.process",
        trace=9,
        id=9,
        kind="CONSUMER",
        service="pay",
        at=1,
        attributes={
            "messaging.system": "aws_sqs",
            "messaging.destination.name": "orders",
            "messaging.batch.message_count": 3,
        },
        links=[link(trace=t, id=t) for t in (1, 2, 3)],
    )
    seen = scene.see(*messages, batch)

    assert Propagated(ORDER, count=3)(seen) is None
    assert "3 of 4 hand-overs seen" in sentence(Propagated(ORDER, count=4), seen)


def test_the_relation_can_be_asked_for(scene: Scene) -> None:
    seen = scene.see(publish(), process_linked())

    assert Propagated(ORDER, relation="link")(seen) is None
    assert "has its producer as link, not as parent" in sentence(
        Propagated(ORDER, relation="parent"), seen
    )


def test_another_producer_is_named(scene: Scene) -> None:
    seen = scene.see(publish("stock.publish"), process(), span("order.publish", trace=7, id=7))

    assert "order.process in pay continues stock.publish in shop" in sentence(
        Propagated(ORDER), seen
    )


def test_the_trace_can_be_asked_for(scene: Scene) -> None:
    seen = scene.see(publish(), process_linked())

    assert Propagated(ORDER, trace_id=f"{1:032x}")(seen) is None
    assert "but not from trace" in sentence(Propagated(ORDER, trace_id=f"{2:032x}"), seen)


@pytest.mark.parametrize("consumer", [process(), process_linked()], ids=["parent", "link"])
def test_a_trace_that_the_test_made_up_needs_no_producer(consumer: Built, scene: Scene) -> None:
    seen = scene.see(consumer)
    asked = Asked(consumer="order.process")

    assert Propagated(asked, trace_id=f"{1:032x}")(seen) is None
    assert Propagated(asked, trace_id=f"{5:032x}")(seen) is not None


def test_the_relation_to_a_trace_that_the_test_made_up_can_be_asked_for(scene: Scene) -> None:
    seen = scene.see(process_linked())
    asked = Asked(consumer="order.process")

    assert Propagated(asked, "link", f"{1:032x}")(seen) is None
    assert Propagated(asked, "parent", f"{1:032x}")(seen) is not None


def test_a_parent_that_was_not_seen_is_told(scene: Scene) -> None:
    seen = scene.see(process(), span("order.publish", trace=7, id=7))

    assert f"continues a span that was not seen ({1:016x})" in sentence(Propagated(ORDER), seen)


def test_a_root_that_tells_of_no_message_is_told_what_to_record(scene: Scene) -> None:
    seen = scene.see(publish(), span("order.process", trace=2, id=2))

    assert "nothing on it says that it took a message" in sentence(Propagated(ORDER), seen)


def test_a_wait_is_held_against_its_limit(scene: Scene) -> None:
    seen = scene.see(publish(), process())

    assert WithinWait(ORDER, 2 * SECOND)(seen) is None
    assert sentence(WithinWait(ORDER, SECOND // 2), seen) == (
        "order.publish → order.process waits longer than 500 ms\norder.process in pay waited 990 ms"
    )


def test_a_stitched_hand_over_has_a_wait_too(scene: Scene) -> None:
    assert (
        WithinWait(Asked(consumer="order.process"), 2 * SECOND)(scene.see(publish(), process_cut()))
        is None
    )


def test_spans_that_say_nothing_of_messages_have_a_wait_too(scene: Scene) -> None:
    seen = scene.see(
        span("order.publish", id=1), span("order.process", id=2, parent=1, at=1, service="pay")
    )

    assert WithinWait(ORDER, 2 * SECOND)(seen) is None
    assert "waited 990 ms" in sentence(WithinWait(ORDER, 1), seen)


def test_a_wait_without_a_known_producer_is_not_within_any_limit(scene: Scene) -> None:
    seen = scene.see(span("order.publish", trace=5), process())

    assert "has no known producer" in sentence(WithinWait(ORDER, SECOND), seen)


def test_a_hostile_name_is_told_without_its_control_characters(scene: Scene) -> None:
    name = "order\x1b[2J\n\u202e"
    seen = scene.see(publish(), process_cut(name, service="pay\x07"))

    told = sentence(Propagated(Asked("order.publish", name)), seen)

    assert [c for c in told if not c.isprintable()] == ["\n"]
