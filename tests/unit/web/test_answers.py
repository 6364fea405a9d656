"""The lists: paging, counting, settling, candidates."""

from typing import Any

from storage.contract import ConnectionQuery, OrphanQuery, Page
from tests.answer_builders import STORED_AT, Scene, trace_hex
from tests.unit.web.applications import application
from web.answers import connections_answer, edges_answer, orphans_answer
from web.flow_map.remarks import EdgeRemarks
from web.report.groups import OrphanFilter, groups_answer


def many_scene(count: int) -> Scene:
    scene = Scene()
    for trace in range(1, count + 1):
        producer = scene.span(trace, 1, service=f"s{trace}")
        scene.hand_over(producer, scene.span(trace, 2, service="consumer"))
        scene.orphan(scene.span(trace, 3, service=f"o{trace}"))
    return scene


def test_pages_of_every_list_hold_each_entry_once() -> None:
    client = application(many_scene(7).store())
    for path, name in (
        ("connections", "connections"),
        ("orphans", "orphans"),
        ("orphans/groups", "groups"),
        ("edges", "edges"),
        ("search", "traces"),
    ):
        whole = client.get(f"/api/v1/{path}").json()[name]
        entries: list[Any] = []
        asked = {"limit": "3"}
        while True:
            page = client.get(f"/api/v1/{path}", **asked).json()
            assert len(page[name]) <= 3
            entries += page[name]
            if page["next_cursor"] is None:
                break
            asked["cursor"] = page["next_cursor"]
        assert entries == whole
        assert len(whole) >= 7


def test_an_orphan_stored_within_the_grace_is_listed_and_not_settled() -> None:
    scene = Scene()
    scene.orphan(scene.span(1, 1))
    store = scene.store()
    for before, settled in ((STORED_AT, False), (STORED_AT + 1, True)):
        query = OrphanQuery(settled_before_unix_nano=before)
        (orphan,) = orphans_answer(store, OrphanFilter(query), Page())["orphans"]
        assert orphan["settled"] is settled


def test_a_group_says_how_many_of_its_roots_are_settled() -> None:
    scene = Scene()
    scene.orphan(scene.span(1, 1))
    store = scene.store()
    for before, settled in ((STORED_AT, 0), (STORED_AT + 1, 1)):
        query = OrphanQuery(settled_before_unix_nano=before)
        (group,) = groups_answer(store, OrphanFilter(query), Page())["groups"]
        assert (group["count"], group["settled_count"]) == (1, settled)
    only = OrphanFilter(OrphanQuery(settled=True, settled_before_unix_nano=STORED_AT))
    assert groups_answer(store, only, Page())["groups"] == []


def test_a_group_counts_the_hand_overs_of_its_kind_that_did_connect() -> None:
    scene = Scene()
    for trace, relation, destination in (
        (1, "link", "orders"),
        (2, "parent", "orders"),
        (3, "stitch", "orders"),
        (4, "link", "others"),
    ):
        producer = scene.span(trace, 1, service="shop" if trace != 2 else "kiosk")
        delivery = scene.span(trace, 2, service="payment")
        scene.hand_over(producer, delivery, relation=relation, destination=destination)
    scene.orphan(scene.span(5, 1, service="payment"))
    scene.orphan(scene.span(6, 1, service="payment"), producer_service_name="shop", cause_code="K1")
    scene.orphan(scene.span(7, 1, service="payment"), destination="nowhere", cause_code="E1")
    groups = groups_answer(scene.store(), OrphanFilter(), Page())["groups"]
    assert {group["cause"]["code"]: group["connected"] for group in groups} == {
        "S1": 2,  # no producer known: of every producer
        "K1": 1,  # from shop by parent or link
        "E1": 0,
    }


def test_an_edge_tells_its_relations_redeliveries_and_dead_letters() -> None:
    scene = Scene()
    producer = scene.span(1, 1, service="shop")
    for number, (relation, attempt, dead) in enumerate(
        [("parent", 1, False), ("link", 2, False), ("stitch", 1, True)], start=2
    ):
        delivery = scene.span(number, 1, service="payment")
        scene.hand_over(
            producer,
            delivery,
            relation=relation,
            attempt=attempt,
            dead_letter=dead,
            wait_nano=number,
        )
    (edge,) = edges_answer(scene.store(), Page(), EdgeRemarks())["edges"]
    assert (edge["count"], edge["connected"]) == (3, 2)
    assert edge["relations"] == {"parent": 1, "link": 1, "stitch": 1}
    assert (edge["redeliveries"], edge["dead_letters"]) == (1, 1)
    assert edge["wait_p50_nano"] == 2  # the redelivery is no wait in the queue


# ---------------------------------------------------------------------- candidates


def guessed_scene(count: int = 1) -> Scene:
    """Sends to `orders` that nothing connects, and as many orphan roots from there."""
    scene = Scene()
    for number in range(1, count + 1):
        send = scene.span(number, 1, service="shop", start_time_unix_nano=number * 10)
        scene.endpoint(send, "send")
        root = scene.span(100 + number, 1, service="payment", start_time_unix_nano=1_000 + number)
        scene.orphan(root, facts='{"own_destination":"orders","domain":null,"missing":null}')
    return scene


def candidates(scene: Scene, page: Page | None = None, **conditions: Any) -> Any:
    return connections_answer(
        scene.store(), ConnectionQuery(**conditions), page or Page(), candidates=True
    )


def test_destination_and_time_suggest_a_producer_that_is_never_drawn() -> None:
    scene = guessed_scene()
    (found,) = candidates(scene)["connections"]
    assert found["producer"]["trace_id"] == trace_hex(1)
    assert found["consumer"]["trace_id"] == trace_hex(101)
    assert (found["rule"], found["relation"]) == ("destination-and-time", "stitch")
    assert 0 < found["confidence"] < 0.8
    assert found["evidence"]
    assert connections_answer(scene.store(), ConnectionQuery(), Page())["connections"] == []


def test_computed_candidates_pass_the_same_filters() -> None:
    scene = guessed_scene()
    for held in (
        {"trace": (1, 1)},
        {"trace": (1, 101)},
        {"service": "shop"},
        {"service": "payment"},
        {"destination": "orders"},
        {"relation": "stitch"},
        {"start": 1_001, "end": 1_002},
    ):
        assert len(candidates(scene, **held)["connections"]) == 1
    for other in (
        {"service": "other"},
        {"destination": "other"},
        {"relation": "link"},
        {"start": 1_002},
        {"end": 1_001},
    ):
        assert candidates(scene, **other)["connections"] == []


def test_pages_run_through_the_stored_and_then_the_computed_candidates() -> None:
    scene = guessed_scene(3)
    for trace in (11, 12):
        scene.hand_over(scene.span(trace, 1), scene.span(trace, 2))
    whole = candidates(scene)["connections"]
    assert len(whole) == 5
    entries, cursor = [], None
    for _ in range(10):
        page = candidates(scene, Page(2, cursor))
        entries += page["connections"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert entries == whole
