"""How the context came to a span."""

from tests.builders import link, span
from tests.unit.testing.conftest import Scene
from tests.unit.testing.handovers import process, process_cut, process_linked, publish
from tracestitch.testing.arrivals import Arrival, Asked, comes_from, find_arrivals
from tracestitch.testing.seen import Seen

ORDER = Asked("order.publish", "order.process")


def only_arrival(seen: Seen, asked: Asked = ORDER) -> Arrival:
    (arrival,) = find_arrivals(seen, asked)
    return arrival


def relations(seen: Seen, asked: Asked = ORDER) -> list[str]:
    """Of the producers that are meant."""
    arrival = only_arrival(seen, asked)
    return [source.relation for source in arrival.sources if comes_from(seen, source, asked)]


def test_a_child_continues_its_producer(scene: Scene) -> None:
    seen = scene.see(publish(), process())

    assert relations(seen) == ["parent"]
    assert only_arrival(seen).destination == "orders"


def test_a_link_leads_to_its_producer(scene: Scene) -> None:
    assert relations(scene.see(publish(), process_linked())) == ["link"]


def test_a_cut_consumer_is_an_orphan_root(scene: Scene) -> None:
    arrival = only_arrival(scene.see(publish(), process_cut()))

    assert arrival.orphan is not None
    assert [source.relation for source in arrival.sources] == ["stitch"]


def test_names_of_spans_around_those_of_libraries_count(scene: Scene) -> None:
    seen = scene.see(
        span("order.publish", trace=1, id=10, service="shop"),
        publish("orders send", parent=10),
        process("orders process"),
        span("order.process", trace=1, id=20, parent=2, service="pay", at=1),
    )

    assert relations(seen) == ["parent"]


def test_a_name_before_an_earlier_hand_over_does_not_count(scene: Scene) -> None:
    seen = scene.see(
        publish(),
        process(),
        publish("payment.publish", id=3, parent=2, attributes={"messaging.message.id": "m2"}),
        process("payment.process", id=4, parent=3, at=2, attributes={"messaging.message.id": "m2"}),
    )

    assert relations(seen, Asked("order.publish", "payment.process")) == []
    assert relations(seen, Asked("payment.publish", "payment.process")) == ["parent"]
    assert relations(seen, Asked("order.process", "payment.process")) == ["parent"]


def test_spans_that_say_nothing_of_messages_are_followed_by_parent_and_link(scene: Scene) -> None:
    seen = scene.see(
        span("order.publish", trace=1, id=1),
        span("order.process", trace=1, id=2, parent=1),
        span("audit.process", trace=2, id=3, links=[link(trace=1, id=1)]),
    )

    assert relations(seen) == ["parent"]
    assert relations(seen, Asked("order.publish", "audit.process")) == ["link"]


def test_a_span_whose_parent_was_not_seen_says_so(scene: Scene) -> None:
    arrival = only_arrival(scene.see(process()))

    assert (arrival.sources, arrival.orphan, arrival.unseen_parent) == ((), None, f"{1:016x}")


def test_a_circle_of_parents_has_an_end(scene: Scene) -> None:
    seen = scene.see(span("order.process", id=1, parent=2), span("b", id=2, parent=1))

    assert only_arrival(seen).sources == ()


def test_services_and_destination_narrow_what_is_meant(scene: Scene) -> None:
    seen = scene.see(publish(), process(), process_linked(id=3, service="audit"))

    assert len(find_arrivals(seen, Asked(consumer_service="audit"))) == 1
    assert len(find_arrivals(seen, Asked(destination="orders"))) == 2
    assert find_arrivals(seen, Asked(destination="payments")) == []
    assert relations(seen, Asked(producer_service="shop", consumer_service="pay")) == ["parent"]
    assert relations(seen, Asked(producer_service="other", consumer_service="pay")) == []


def test_what_is_meant_can_be_said() -> None:
    assert str(ORDER) == "order.publish → order.process"
    assert (
        str(Asked(producer_service="shop", consumer="order.process", destination="orders"))
        == "shop → order.process over orders"
    )
    assert str(Asked()) == "any producer → any consumer"
