"""Groups as pages read them: each message once, trends over times in which something happened."""

import pytest

from storage.contract import OrphanQuery, Page
from tests.golden.recordings import NAMES, open_recording
from tests.unit.web.report.test_orphan_report import SECOND, Queue, ask, page_of
from web.answers import edges_answer
from web.report.groups import OrphanFilter, groups_answer
from web.report.views import group_key

DAY = 86_400 * SECOND
LATE = 2**62


def test_a_message_whose_receive_span_connected_counts_as_broken_only() -> None:
    queue = Queue()
    for _ in range(4):
        queue.connect(1)
        queue.orphan(1, cause_code="K4", producer_service_name="order-service")
    client = queue.client()
    (group,) = ask(client, "orphans/groups")["groups"]
    assert (group["count"], group["connected"], group["always"]) == (4, 0, True)
    assert sum(each["connected"] for each in group["trend"]) == 0
    assert "4 of 4" in page_of(client)


def test_messages_that_were_handled_in_their_trace_count_as_connected() -> None:
    queue = Queue()
    queue.connect(6)
    for _ in range(2):
        queue.connect(1)
        queue.orphan(1, cause_code="K4", producer_service_name="order-service")
    (group,) = ask(queue.client(), "orphans/groups")["groups"]
    assert (group["connected_before"], group["connected_between"], group["always"]) == (6, 0, False)


def test_another_cause_counts_what_connected_beside_it() -> None:
    queue = Queue()
    for _ in range(4):
        queue.connect(1)
        queue.orphan(1)
    (group,) = ask(queue.client(), "orphans/groups")["groups"]
    assert (group["count"], group["connected"]) == (4, 4)


def test_a_wrong_clock_does_not_squeeze_the_trends_of_the_report() -> None:
    queue = Queue()
    queue.orphan(1)
    queue._now = 300 * 86_400
    queue.connect(90)
    queue.orphan(90)
    client = queue.client()
    assert "1 at other times" in client.read("/orphans").text
    assert client.read("/orphans").text.count('<rect class="part" x="') > 3
    (group,) = ask(client, "orphans/groups")["groups"]
    assert sum(each["broken"] for each in group["trend"]) == group["count"] == 91


def test_the_report_is_in_the_order_that_was_asked_for() -> None:
    queue = Queue()
    queue.orphan(5, cause_code="S1", cause_title="old and many")
    queue._now = 600
    queue.orphan(1, cause_code="S2", cause_title="new")
    client = queue.client()

    def titles(address: str) -> bool:
        page = client.read(address).text.partition("<tbody>")[2]
        return page.index("old and many") < page.index(">new<")

    assert not titles("/orphans")
    assert titles("/orphans?sort=most")
    assert client.read("/orphans?sort=size").status_code == 400


@pytest.mark.parametrize("name", NAMES)
def test_deliveries_of_an_edge_are_counted_alike_by_map_and_report(name: str) -> None:
    store = open_recording(name)[0]
    edges = edges_answer(store, Page(1000), None)["edges"]
    counted = {group_key("", each): (each["count"], each["connected"]) for each in edges}
    asked = OrphanFilter(OrphanQuery(settled_before_unix_nano=LATE))
    for group in groups_answer(store, asked, Page(1000))["groups"]:
        if name == "py_lambda_065":
            continue  # its functions do not tell their queue: the edge is the producers'
        if group["is_send"]:
            assert group_key("", group) not in counted  # no hand-over of a service to itself
            continue
        deliveries = group["count"] + group["other_causes_count"] + group["connected"]
        assert (deliveries, group["connected"]) == counted[group_key("", group)]


def test_roots_of_other_causes_are_told_beside_a_group() -> None:
    queue = Queue()
    queue.connect(5)
    queue.orphan(3, cause_code="S1")
    queue.orphan(2, cause_code="P1", expected=True)
    client = queue.client()
    groups = ask(client, "orphans/groups")["groups"]
    assert {g["cause"]["code"]: g["other_causes_count"] for g in groups} == {"S1": 2, "P1": 3}
    (only,) = ask(client, "orphans/groups?cause=P1")["groups"]
    assert only["other_causes_count"] == 3
    page = page_of(client)
    assert "3 of 10 deliveries</b> broken this way, 2 by other causes, 5 connected" in page
    assert "3 of 10<" in client.read("/orphans").text
    assert "2 by other causes" in client.read("/orphans?cause=S1").text
