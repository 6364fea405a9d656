"""The flow map: what is drawn, and where."""

import random
import time
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.web.flow_map.edges import edge
from web.flow_map.drawing import BOX, LABEL, FlowMap, draw_map, is_dead_letter, round_path
from web.flow_map.flows import choose_edges, collect_flows
from web.flow_map.layout import Line, lay_out
from web.flow_map.reports import Place, Reports, edge_place, find_reports, unread_sends
from web.shapes import Edge, SentTo

HOSTILE = "</title><script>alert(1)</script>\ud800\u202e" + "x" * 5_000


def drawn(edges: list[Edge], reports: Reports | None = None, service: str | None = None) -> FlowMap:
    return draw_map(collect_flows(edges, reports or {}), {}, service)


def report_on(broken: Edge, address: str = "/orphans/abc") -> dict[Place, dict[Place, str]]:
    return {edge_place(broken): {edge_place(broken): address}}


def made_up(count: int, seed: int) -> list[Edge]:
    """Hand-overs between a quarter as many services: fan-out, circles, parts of their own."""
    pick = random.Random(seed)
    services = [f"service-{number}" for number in range(max(count // 4, 2))]
    return [
        edge(
            producer=pick.choice([*services, None]),
            destination=f"topic-{pick.randrange(max(count // 2, 2))}",
            consumer=pick.choice(services),
            count=pick.randrange(1, 10_000),
        )
        for _ in range(count)
    ]


Rectangle = tuple[float, float, float, float]


def rectangles(flow: FlowMap) -> list[Rectangle]:
    nodes = [(n.x, n.y, n.x + BOX.width, n.y + BOX.height) for n in flow.nodes]
    half = LABEL.width / 2, LABEL.height / 2
    labels = [(e.x - half[0], e.y - half[1], e.x + half[0], e.y + half[1]) for e in flow.edges]
    return nodes + labels


def overlap(one: Rectangle, two: Rectangle) -> bool:
    apart = one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]
    return not apart


@pytest.mark.parametrize(("count", "seed"), [(3, 1), (20, 2), (60, 3), (150, 4)])
def test_nothing_covers_anything_and_all_is_inside_of_the_drawing(count: int, seed: int) -> None:
    flow = drawn(made_up(count, seed))
    found = rectangles(flow)
    assert len(flow.edges) > count / 2
    assert not any(overlap(one, two) for one, two in combinations(found, 2))
    assert all(
        left >= 0 and top >= 0 and right <= flow.width and bottom <= flow.height
        for left, top, right, bottom in found
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_hand_overs_changes_nothing(seed: int) -> None:
    edges = made_up(30, seed)
    mixed = random.Random(seed).sample(edges, len(edges))
    assert drawn(mixed) == drawn(edges)


def test_messages_flow_from_left_to_right() -> None:
    flow = drawn([edge(producer="a", destination="b", consumer="c")])
    assert [node.label for node in sorted(flow.nodes, key=lambda node: node.x)] == ["a", "b", "c"]
    assert len({node.y for node in flow.nodes}) == 1


def test_a_circle_and_a_service_that_sends_to_itself_are_drawn() -> None:
    flow = drawn(
        [
            edge(producer="a", destination="there", consumer="b"),
            edge(producer="b", destination="back", consumer="a"),
            edge(producer="a", destination="own", consumer="a"),
        ]
    )
    assert (len(flow.nodes), len(flow.edges)) == (5, 6)


def test_nothing_is_drawn_of_nothing() -> None:
    assert drawn([]) == FlowMap(width=0, height=0, nodes=(), edges=(), broken=0)


def test_names_of_any_kind_are_drawn_and_cut() -> None:
    flow = drawn([edge(producer=HOSTILE, destination=HOSTILE, consumer=None, system=HOSTILE)])
    assert max(len(node.label) for node in flow.nodes) <= 19
    assert {node.title.split(" · ")[0] for node in flow.nodes} == {HOSTILE, "unknown service"}
    assert all(node.href.isascii() for node in flow.nodes)


def test_lines_are_as_wide_as_their_rates_say() -> None:
    rare, busy = (
        float(drawn([edge(count=count, last_seen=60_000_000_000)]).edges[0].width)
        for count in (10, 10_000)
    )
    assert rare < busy <= 6


def test_a_line_says_its_share_where_not_all_connect_and_its_wait_where_all_do() -> None:
    label = {share: drawn([edge(count=4, connected=share)]).edges[0].label for share in (4, 1)}
    assert label == {4: "20 ms", 1: "25 %"}


def test_a_line_tells_all_its_figures() -> None:
    told = drawn([edge(count=90, connected=80, redeliveries=3, dead_letters=2)]).edges[0].title
    assert told == (
        "orders → payment-service: 90 deliveries · 1.5 / s · 89 % connected (80) · "
        "wait p50 20 ms, p95 95 ms · 3 redelivered · 2 dead letters"
    )


def test_a_broken_edge_leads_to_its_report_and_another_to_its_waits() -> None:
    broken, good = edge(count=4, connected=1), edge(destination="stock")
    flow = drawn([broken, good], report_on(broken))
    found = {each.title.split(":")[0]: each for each in flow.edges}
    lost, fine = found["orders → payment-service"], found["stock → payment-service"]
    assert (lost.href, lost.broken, lost.label) == ("/orphans/abc", 1, "✕ 25 %")
    assert (fine.href, fine.broken) == ("/destinations?system=kafka&name=stock", 0)
    assert flow.broken == 1


def test_a_line_of_several_broken_edges_leads_to_all_of_them() -> None:
    one, two = edge(group="one"), edge(group="two")
    flow = drawn([one, two], report_on(one, "/orphans/one") | report_on(two, "/orphans/two"))
    lost = next(each for each in flow.edges if each.broken)
    assert lost.href == "/orphans?destination=orders&service=payment-service&state=broken"
    assert (lost.broken, flow.broken) == (2, 2)
    assert lost.title.startswith("orders → payment-service: 2 edges broken · ")


@pytest.mark.parametrize("field", ["environment", "namespace", "system", "scope", "destination"])
def test_a_report_on_another_edge_is_not_led_to(field: str) -> None:
    other: dict[str, Any] = {field: "another"}
    flow = drawn([edge()], report_on(edge(**other)))
    assert flow.broken == 0


def test_environments_are_apart_and_told_where_there_are_several() -> None:
    edges = [edge(environment=name) for name in ("prod", "test")]
    below = sorted(node.below for node in drawn(edges).nodes if node.kind == "service")
    assert below == ["prod", "prod", "test", "test"]
    assert {node.below for node in drawn(edges[:1]).nodes} == {"", "Kafka"}


def test_an_unknown_producer_is_drawn_only_where_none_is_known() -> None:
    for more, count in (([], 1), ([edge()], 0)):
        labels = [node.label for node in drawn([edge(producer=None), *more]).nodes]
        assert labels.count("unknown producer") == count
        assert len(labels) == 3


def test_two_destinations_without_producers_do_not_share_an_unknown_one() -> None:
    flow = drawn([edge(producer=None), edge(producer=None, destination="stock")])
    assert [node.label for node in flow.nodes].count("unknown producer") == 2


@pytest.mark.parametrize(
    ("name", "dead"), [("orders-dlq", True), ("orders.DLT", True), ("orders", False), ("", False)]
)
def test_destinations_of_dead_letters_are_known_by_name(name: str, dead: bool) -> None:
    assert is_dead_letter(name) is dead
    node = next(n for n in drawn([edge(destination=name)]).nodes if n.kind == "destination")
    assert (node.dead_letter, "dead letters" in node.below) == (dead, dead)


def test_a_service_in_focus_keeps_its_neighbours() -> None:
    edges = [
        edge(producer="a", destination="ab", consumer="b"),
        edge(producer="b", destination="bc", consumer="c"),
        edge(producer="c", destination="cd", consumer="d"),
    ]
    flow = drawn(edges, service="b")
    assert {node.label for node in flow.nodes if node.near} == {"a", "ab", "b", "bc", "c"}
    assert [node.label for node in flow.nodes if node.chosen] == ["b"]
    assert sum(each.near for each in flow.edges) == 4
    assert {node.label: node.href for node in flow.nodes if node.kind == "service"} == {
        "a": "/?service=a",
        "b": "/",
        "c": "/?service=c",
        "d": "/?service=d",
    }


def test_of_very_many_the_broken_and_busiest_are_drawn() -> None:
    edges = [edge(destination=f"topic-{number}", count=number + 1) for number in range(200)]
    broken = report_on(edges[0])
    first = choose_edges(edges, broken, None, everything=False)
    assert [each["count"] for each in first] == [1, *range(200, 141, -1)]
    assert len(choose_edges(edges, broken, None, everything=True)) == 150


def test_a_service_in_focus_is_drawn_however_little_it_does() -> None:
    edges = [edge(destination=f"topic-{number}", count=number + 2) for number in range(200)]
    quiet = edge(destination="quiet", consumer="quiet-service", count=1)
    assert choose_edges([*edges, quiet], {}, "quiet-service", everything=False)[0] == quiet


def group_of(broken: Edge, count: int = 1, **unknown: None) -> Any:
    """What the map reads of a GroupView."""
    group = {**broken, "is_send": False, **unknown}
    return SimpleNamespace(group=group, key=f"of-{count}", broken=count)


@pytest.mark.parametrize("sent_to", [None, "order-events"])
def test_a_send_that_broke_is_on_the_way_to_its_destination(sent_to: str | None) -> None:
    """Not from there to a consumer, nor from the sender to itself."""
    place = SentTo(system="aws_sns", destination=sent_to, scope=None)
    told = edge(producer="shop", destination="orders", consumer="billing")
    told["sent_to"] = [place] if sent_to else []
    other = edge(producer="till", destination="orders", consumer="billing")
    sends: Any = {**told, "consumer_service": "shop", **(place if sent_to else {})}
    lost: Any = SimpleNamespace(group={**sends, "is_send": True}, key="of-1", broken=1)
    flows = collect_flows([told, other], find_reports([lost], [told, other]))
    broken = [(pair[0].name, pair[1].name) for pair, flow in flows.items() if flow.reports]
    assert broken == [("shop", sent_to or "orders")]
    assert draw_map(flows, {}).broken == 1
    assert unread_sends([lost], [told, other]) == []
    (unread,) = unread_sends([lost], [other])
    (pair,) = collect_flows([], find_reports([lost], [unread]), unread=[unread])
    assert (pair[0].name, pair[1].name) == ("shop", sent_to or "orders")


def test_a_report_is_on_its_own_edge() -> None:
    edges = [edge(), edge(scope="another")]
    assert find_reports([], edges) == {}
    place = edge_place(edges[0])
    assert find_reports([group_of(edges[0])], edges) == {place: {place: "/orphans/of-1"}}


def test_of_several_causes_the_largest_is_led_to() -> None:
    place = edge_place(edge())
    found = find_reports([group_of(edge(), 2), group_of(edge(), 7)], [edge()])
    assert found == {place: {place: "/orphans/of-7"}}


def test_a_delivery_that_does_not_tell_its_queue_is_on_the_edge_of_its_producer() -> None:
    told = edge(scope="eu-west-1/1")
    (reports,) = find_reports([group_of(told, scope=None)], [told]).values()
    assert list(reports.values()) == ["/orphans/of-1"]
    other = edge(scope="eu-west-1/1", environment="test")
    assert find_reports([group_of(told, scope=None)], [other]) == {}
    assert find_reports([group_of(other, environment=None)], [other]) == {}


def test_corners_are_round_and_never_beyond_their_sides() -> None:
    assert round_path([(0, 0), (20, 0), (20, 4)]) == "M0 0L14 0Q20 0 20 2L20 4"
    assert round_path([(0, 0), (9, 0)]) == "M0 0L9 0"
    assert round_path([(0, 0), (0, 0), (9, 0)]) == "M0 0L0 0Q0 0 4.5 0L9 0"


def test_a_service_that_sends_to_and_takes_from_150_queues_is_no_standstill() -> None:
    """Nothing else is answered meanwhile: 48 rounds of moving line ends took 11 s, 4 take less
    than two."""
    circles = [Line(*ends) for queue in range(1, 151) for ends in ((0, queue), (queue, 0))]
    begun = time.process_time()
    lay_out((BOX,) * 151, tuple(circles), LABEL)
    assert time.process_time() - begun < 5


def test_an_edge_that_healed_is_told_from_one_that_is_stitched() -> None:
    healed = edge(count=4, connected=3)
    told = draw_map(collect_flows([healed], {}, report_on(healed)), {}).edges[0]
    assert (told.healed, told.stitched, told.label) == (True, False, "✓ healed")
    assert told.href == "/orphans/abc"
    assert "healed: the newest deliveries connect again" in told.title


def test_an_edge_that_broke_again_is_broken_and_not_healed() -> None:
    both = edge(count=4, connected=3)
    told = draw_map(collect_flows([both], report_on(both), report_on(both)), {}).edges[0]
    assert (told.healed, told.broken, told.label) == (False, 1, "✕ 75 %")


def test_the_edge_that_broke_last_is_marked() -> None:
    old, new = edge(destination="old"), edge(destination="new")
    flows = collect_flows([old, new], report_on(old) | report_on(new))
    edges = draw_map(flows, {}, newest=edge_place(new)).edges
    (marked,) = (each for each in edges if each.newest)
    assert marked.title.startswith("new → payment-service")
    assert not any(each.newest for each in draw_map(flows, {}).edges)


def test_an_edge_without_any_known_producer_is_cut_and_not_drawn_as_propagated() -> None:
    celery = edge(count=4, connected=0)
    expected = collect_flows([celery], {}, expected={edge_place(celery)})
    for flows, told in (
        (expected, "cut, as expected"),
        (collect_flows([celery], {}), "cut, but may still connect"),
    ):
        sent, taken = draw_map(flows, {}).edges[::-1]
        assert (taken.cut, taken.label, sent.cut) == (True, "⇢ 0 %", False)
        assert f": {told} · " in taken.title


def test_an_edge_of_which_some_connect_is_not_cut() -> None:
    stitched = edge(count=4, connected=0)
    stitched["relations"]["stitch"] = 1
    part = edge(count=4, connected=1)
    for some in (stitched, part):
        flows = collect_flows([some], {}, expected={edge_place(some)})
        told = next(each for each in draw_map(flows, {}).edges if "connected" in each.title)
        assert not told.cut
        assert "cut in part, as expected" in told.title


@pytest.mark.parametrize("healed", [False, True])
def test_what_the_report_calls_broken_or_healed_is_not_called_cut(*, healed: bool) -> None:
    lost = edge(count=4, connected=0)
    flows = collect_flows([lost], *(({}, report_on(lost)) if healed else (report_on(lost), None)))
    assert not any(each.cut for each in draw_map(flows, {}).edges)


BUS: SentTo = {"system": "aws_eventbridge", "destination": "stock", "scope": None}


def lines_of(flow: FlowMap) -> set[str]:
    return {each.title.partition(":")[0] for each in flow.edges}


def test_a_bus_is_drawn_before_the_queue_that_its_messages_are_taken_from() -> None:
    flow = drawn([edge(system="aws_sqs", sent_to=[BUS])])
    assert lines_of(flow) == {
        "order-service → stock",
        "stock → orders",
        "orders → payment-service",
    }
    between = next(each for each in flow.edges if each.title.startswith("stock"))
    assert "sent to the one, taken from the other" in between.title
    assert "connected" not in between.title
    assert "name=orders" in between.href
    sent = next(each for each in flow.edges if each.title.startswith("order-service"))
    assert "name=stock" in sent.href


def test_a_message_that_is_also_sent_straight_goes_both_ways() -> None:
    orders: SentTo = {"system": "kafka", "destination": "orders", "scope": None}
    flow = drawn([edge(sent_to=[BUS, orders])])
    assert lines_of(flow) >= {"order-service → orders", "order-service → stock", "stock → orders"}


def test_dead_letters_hang_on_the_queue_they_were_sent_to_and_are_counted_once() -> None:
    """Whether or not the send tells the account of the queue."""
    for scope in ("123456789012", None):
        orders: SentTo = {"system": "aws_sqs", "destination": "orders", "scope": scope}
        told: dict[str, Any] = {"system": "aws_sqs", "scope": "123456789012"}
        dead = edge(destination="orders-dlq", consumer="worker", count=9, sent_to=[orders], **told)
        flow = drawn([edge(count=32, **told), dead])
        assert lines_of(flow) == {
            "order-service → orders",
            "orders → payment-service",
            "orders → orders-dlq",
            "orders-dlq → worker",
        }
        (sent,) = (each for each in flow.edges if each.title.startswith("order-service"))
        assert sent.title.startswith("order-service → orders: 32 deliveries")


def test_two_queues_of_one_name_are_not_taken_for_the_one_that_was_sent_to() -> None:
    """Which of the two it was is not told, so it is drawn for itself."""
    orders: SentTo = {"system": "kafka", "destination": "orders", "scope": None}
    dead = edge(destination="orders-dlq", consumer="worker", sent_to=[orders])
    flow = drawn([edge(scope="a"), edge(scope="b"), dead])
    assert sum(node.label == "orders" for node in flow.nodes) == 3


def test_a_consumer_in_focus_keeps_the_bus_and_a_producer_the_queues_behind_it() -> None:
    edges = [
        edge(destination="shipments", consumer="warehouse", sent_to=[BUS]),
        edge(destination="invoices", consumer="billing", sent_to=[BUS]),
        edge(producer="warehouse", destination="parcels", consumer="tracking"),
    ]
    near = {node.label for node in drawn(edges, service="warehouse").nodes if node.near}
    assert {"order-service", "stock", "shipments", "warehouse", "parcels", "tracking"} <= near
    assert "billing" not in near
    near = {node.label for node in drawn(edges, service="order-service").nodes if node.near}
    assert near == {"order-service", "stock", "shipments", "invoices", "warehouse", "billing"}


def test_a_break_stays_where_messages_are_received() -> None:
    broken = edge(connected=0, sent_to=[BUS])
    flow = drawn([broken], report_on(broken))
    assert [each.title.split(":")[0] for each in flow.edges if each.broken] == [
        "orders → payment-service"
    ]
