"""The report over time: what is broken now, what healed, since which version; its filters."""

import re
from itertools import pairwise
from typing import Any

import pytest

from tests.answer_builders import Scene, span_hex, trace_hex
from tests.contract.rows import Row
from tests.unit.web.applications import application
from tests.web_client import WebClient

SECOND = 1_000_000_000


class Queue:
    """Hand-overs through `orders` to payment-service, one a second."""

    def __init__(self) -> None:
        self.scene = Scene()
        self._now = 0

    def connect(self, times: int, version: str | None = None, **values: Any) -> None:
        for _ in range(times):
            span = self._next()
            told = {"relation": "link", "producer_service_name": "order-service"}
            self.scene.endpoint(span, "process", service_version=version, **(told | values))

    def orphan(self, times: int, version: str | None = None, **values: Any) -> None:
        for _ in range(times):
            self.scene.orphan(self._next(), service_version=version, **values)

    def _next(self) -> Row:
        self._now += 1
        return self.scene.span(
            self._now,
            1,
            name="order.process",
            service="payment-service",
            start_time_unix_nano=self._now * SECOND,
            attributes={"messaging.message.id": f"m-{self._now}", "n": self._now % 2},
        )

    def client(self) -> WebClient:
        return application(self.scene.store())


def ask(client: WebClient, path: str) -> Any:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def page_of(client: WebClient) -> str:
    """The page of the newest root's group."""
    (group, *_) = ask(client, "orphans/groups")["groups"]
    ids = group["example"]
    moved = client.read(f"/orphans/of-{ids['trace_id']}-{ids['span_id']}")
    return client.read(moved.headers["location"]).text


def test_a_break_of_which_nothing_came_since_is_not_broken_now() -> None:
    """Other spans say that time went on."""
    queue = Queue()
    queue.orphan(3)

    def told(later: int) -> tuple[Any, str, str, str]:
        queue.scene.span(90, later, service="clock", start_time_unix_nano=later * SECOND)
        client = application(queue.scene.store(), now=4_000 * SECOND)
        (group,) = ask(client, "orphans/groups")["groups"]
        assert group["state"] == "broken"
        pages = [client.read(path).text for path in ("/", "/orphans")]
        return group["silent_since"], *pages, page_of(client)

    silent, first, report, page = told(3602)
    assert silent is None
    assert "1 edge is broken now" in first
    assert "1 edge broken now" in report
    assert "broken now</span>" in page
    silent, first, report, page = told(3603)
    assert silent == 3 * SECOND
    assert ">No edge is broken now</a></h1>" in first
    assert "1 broken when last used" in first
    assert "No edge broken now, 1 when last used, 0 healthy" in report
    assert "no traffic since <time" in report
    assert "whether it would break now is not known" in page
    queue.connect(1)  # since: too few to tell that it healed
    assert told(3604)[0] is None
    early = ask(application(queue.scene.store(), now=9 * SECOND), "orphans/groups")["summary"]
    assert (early["broken"], early["silent"]) == (1, 0)  # those clocks were ahead


def test_a_group_that_connects_long_enough_is_healed_and_not_broken_now() -> None:
    queue = Queue()
    queue.connect(5, "1")
    queue.orphan(4, "2")
    queue.connect(2, "2")
    (group,) = ask(queue.client(), "orphans/groups")["groups"]
    assert (group["state"], group["healed_since"]) == ("broken", None)
    queue.connect(1, "2")
    client = queue.client()
    answer = ask(client, "orphans/groups")
    (group,) = answer["groups"]
    assert (group["state"], group["healed_since"]) == ("healed", 10 * SECOND)
    assert (answer["summary"]["broken"], answer["summary"]["healed"]) == (0, 1)
    assert "No edge broken now, 1 healed" in client.read("/orphans").text
    assert '<a href="/orphans?state=healed">1 healed</a>' in client.read("/").text
    assert "3\u202fhand-overs" in page_of(client) or "3 hand-overs" in page_of(client)


def test_a_group_says_since_when_and_since_which_version() -> None:
    queue = Queue()
    queue.connect(5, "1")
    queue.orphan(2, "2")
    client = queue.client()
    (group,) = ask(client, "orphans/groups")["groups"]
    assert (group["first_bad"], group["connected_before"]) == (6 * SECOND, 5)
    assert (group["since_version"], group["good_version"]) == ("2", "1")
    assert "since payment-service 2, 1 was good" in client.read("/orphans").text
    assert "Broken since payment-service <b>2</b>" in page_of(client)


def test_a_version_is_no_cause_where_nothing_connected_before_it() -> None:
    queue = Queue()
    queue.orphan(2, "2")
    client = queue.client()
    (group,) = ask(client, "orphans/groups")["groups"]
    assert (group["since_version"], group["good_version"], group["always"]) == (None, None, True)
    assert "never connected before" in client.read("/orphans").text
    assert (
        "No message of orders from unknown producers to payment-service connected before"
        in page_of(client)
    )


def test_the_trend_counts_every_root_and_what_connected_beside_it() -> None:
    queue = Queue()
    queue.connect(5)
    queue.orphan(20)
    queue.connect(30)
    (group,) = ask(queue.client(), "orphans/groups")["groups"]
    trend = group["trend"]
    assert sum(each["broken"] for each in trend) == 20
    assert sum(each["connected"] for each in trend) == group["connected"] == 35
    assert all(one["to"] == other["from"] for one, other in pairwise(trend))
    assert len(trend) <= 24


def test_times_cut_everything_that_is_said() -> None:
    queue = Queue()
    queue.connect(5)
    queue.orphan(3)
    queue.connect(9)
    client = queue.client()
    asked = f"from={6 * SECOND}&to={9 * SECOND}"
    (group,) = ask(client, f"orphans/groups?{asked}")["groups"]
    assert (group["state"], group["count"], group["connected"]) == ("broken", 3, 0)
    assert ask(client, f"orphans/groups?from={10 * SECOND}")["groups"] == []


def two_states() -> WebClient:
    """S1 healed, K1 is broken, P1 is expected."""
    queue = Queue()
    queue.orphan(2, cause_code="S1", cause_title="Not asked for")
    queue.connect(4)
    queue.orphan(3, cause_code="K1", cause_title="No headers")
    queue.orphan(1, cause_code="P1", cause_title="Not sampled", expected=True)
    return queue.client()


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        ("state=healed", ["S1"]),
        ("state=broken", ["K1"]),
        ("state=expected", ["P1"]),
        ("state=unsettled", []),
        ("cause=K1", ["K1"]),
        ("cause=K1&state=healed", []),
        ("service=payment-service&destination=orders", ["K1", "P1", "S1"]),
        ("service=order-service", []),
        ("destination=others", []),
        (f"from={7 * SECOND}&to={10 * SECOND}", ["K1"]),
    ],
)
def test_pages_and_lists_take_the_same_filters(asked: str, codes: list[str]) -> None:
    client = two_states()
    groups = ask(client, f"orphans/groups?{asked}")["groups"]
    assert sorted(group["cause"]["code"] for group in groups) == codes
    roots = ask(client, f"orphans?{asked}")["orphans"]
    assert sorted({root["cause"]["code"] for root in roots}) == codes
    assert len(roots) == sum(group["count"] for group in groups)
    page = client.read(f"/orphans?{asked}").text
    titles = {"S1": "Not asked for", "K1": "No headers", "P1": "Not sampled"}
    assert [code for code in sorted(titles) if titles[code] in page] == codes
    for path in ("orphans/groups", "orphans/groups.csv", "orphans", "orphans.csv"):
        assert f'href="/api/v1/{path}?{asked.replace("&", "&amp;")}"' in page


def test_the_filters_of_the_address_stand_in_the_form() -> None:
    page = two_states().read("/orphans?cause=K1&state=broken&destination=a%22b").text
    assert '<option value="K1" selected>K1 The record has no context header</option>' in page
    assert '<option value="broken" selected>' in page
    assert 'value="a&#34;b"' in page


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ("cause=ZZ", "cause"),
        ("cause=s1", "cause"),
        ("state=gone", "state"),
        ("from=soon", "from"),
        ("from=2&to=1", "from"),
        ("to=-1", "to"),
        ("cause=S1&cause=K1", "cause"),
        ("colour=red", "colour"),
    ],
)
@pytest.mark.parametrize("path", ["/orphans", "/api/v1/orphans", "/api/v1/orphans/groups"])
def test_a_filter_that_means_nothing_is_refused_by_its_name(
    path: str, asked: str, parameter: str
) -> None:
    answer = two_states().get(f"{path}?{asked}")
    assert answer.status_code == 400
    assert answer.json()["error"]["parameter"] == parameter


def test_roots_of_a_state_are_paged_without_gaps_or_repeats() -> None:
    queue = Queue()
    for _ in range(6):
        queue.orphan(1, cause_code="K1")
        queue.orphan(2, cause_code="S1", expected=True)
    client = queue.client()
    whole = ask(client, "orphans?state=broken")["orphans"]
    assert len(whole) == 6
    entries, cursor = [], ""
    while cursor is not None:
        part = ask(client, f"orphans?state=broken&limit=2&cursor={cursor}")
        entries += part["orphans"]
        cursor = part["next_cursor"]
    assert entries == whole


def test_expected_groups_are_one_line_for_each_destination() -> None:
    queue = Queue()
    for code in ("P1", "P4", "K7"):
        queue.orphan(2, cause_code=code, cause_title=f"title of {code}", expected=True)
    page = queue.client().read("/orphans").text
    assert len(re.findall('<tr class="quiet"', page)) == 1
    assert "title of K7; title of P1; title of P4" in page
    assert 'href="/orphans?state=expected&amp;destination=orders"' in page
    page = queue.client().read("/orphans?state=expected&destination=orders").text
    assert len(re.findall('<tr class="quiet"', page)) == 3


def test_a_service_whose_producers_are_not_instrumented_is_one_line() -> None:
    queue = Queue()
    for number in range(30):
        queue.orphan(1, cause_code="P3", destination=f"reply-{number}", expected=True)
    client = queue.client()
    page = client.read("/orphans").text
    assert len(re.findall('<tr class="quiet"', page)) == 1
    assert "30 destinations" in page
    assert "No edge broken now, 0 healthy" in page
    assert '<a class="plain" href="#expected">1 producer is not instrumented</a>' in page
    assert "instrument it" in page
    assert ask(client, "orphans/groups")["summary"]["not_instrumented"] == 1


def test_an_edge_with_two_causes_is_one_edge() -> None:
    queue = Queue()
    queue.orphan(1, cause_code="S1")
    queue.orphan(1, cause_code="S4")
    answer = ask(queue.client(), "orphans/groups")
    assert (len(answer["groups"]), answer["summary"]["broken"]) == (2, 1)


def test_the_proof_compares_with_one_of_the_same_version_where_there_is_one() -> None:
    queue = Queue()
    queue.connect(1, "2")
    queue.connect(1, "1")
    queue.connect(1, "2", consumer_group="others")
    queue.orphan(1, "2")
    page = page_of(queue.client())
    assert f"/traces/{trace_hex(2)}" in page or f"trace_id={trace_hex(2)}" in page
    assert trace_hex(3) not in page
    assert span_hex(1) in page


def test_what_differs_is_marked_and_what_every_message_has_of_its_own_is_not() -> None:
    queue = Queue()
    queue.connect(1)
    queue.orphan(1)
    page = page_of(queue.client())
    marked = re.findall(r'<tr class="differs"><th scope="row">(.*?)</th><td>(.*?)</td>', page)
    assert marked == [("n", "0")]
    assert "m-2" in page.partition("Of each message")[2]


def test_other_causes_have_their_titles() -> None:
    queue = Queue()
    queue.orphan(1)
    assert "The producer does not inject context into message attributes" in page_of(queue.client())


def test_values_of_findings_are_words_and_not_json() -> None:
    queue = Queue()
    told = '[{"field": "links", "value": ["a", true, null], "meaning": "m"}]'
    queue.orphan(1, evidence=told)
    page = page_of(queue.client())
    assert "a, yes, none" in page
    assert "[&#34;a" not in page
