"""What the report says of a group beside its numbers: the telling finding, whose fix it is,
and what a comparison leaves out."""

import json
import re
from typing import Any

import pytest

from tests.answer_builders import OTHER_SCOPE, Scene
from tests.golden.recordings import open_recording
from tests.unit.web.applications import application
from tests.unit.web.report.test_orphan_report import Queue, ask, page_of

NO_CONTEXT = {"field": "parent_span_id", "value": "none", "meaning": "No context arrived."}
OFFSET = {"field": "messaging.kafka.offset", "value": "7", "meaning": "This names the record."}
SENT = {"field": "producer", "value": "send in shop", "meaning": "Shop sent it."}
RECEIVED = {"field": "receive span", "value": "poll", "meaning": "A receive span ended."}
READS = {"field": "consumer's instrumentation", "value": "lib 1", "meaning": "It reads no context."}
HEADER = {"field": "header", "value": "b3", "meaning": "Another propagator wrote it."}


@pytest.mark.parametrize(
    ("findings", "told"),
    [
        ([NO_CONTEXT, SENT, READS], READS),
        ([NO_CONTEXT, RECEIVED, HEADER], HEADER),
        ([NO_CONTEXT, OFFSET, SENT], SENT),
        ([NO_CONTEXT, SENT, RECEIVED], RECEIVED),
        ([NO_CONTEXT, OFFSET], NO_CONTEXT),
    ],
)
def test_the_finding_that_speaks_for_the_cause_is_told_first(
    findings: list[dict[str, str]], told: dict[str, str]
) -> None:
    queue = Queue()
    queue.orphan(1, evidence=json.dumps(findings))
    client = queue.client()
    assert f"<small>{told['meaning']}</small>" in client.read("/orphans").text
    proof = page_of(client).partition('<ol class="proof">')[2]
    places = [proof.index(finding["meaning"]) for finding in findings]
    assert min(places) == proof.index(told["meaning"])


@pytest.mark.parametrize(
    ("code", "where"),
    [
        ("S1", "on the consumer payment-service"),
        ("S2", "on the producer"),
        ("E2", "between "),
        ("unknown", "between "),
    ],
)
def test_the_fix_says_on_which_side_it_goes(code: str, where: str) -> None:
    queue = Queue()
    queue.orphan(1, cause_code=code)
    heading = re.search(r"<h2>Fix.*?</h2>", page_of(queue.client()))
    assert heading is not None
    assert where in heading[0]


def test_attributes_of_different_libraries_are_not_compared() -> None:
    scene = Scene()
    common: dict[str, Any] = {"service": "payment-service", "name": "process"}
    good = scene.span(
        1, 1, **common, start_time_unix_nano=1, scope_id=OTHER_SCOPE, attributes={"seen": "a"}
    )
    bad = scene.span(2, 1, **common, start_time_unix_nano=2, attributes={"other": "b"})
    scene.endpoint(good, "process", relation="link", producer_service_name="order-service")
    scene.orphan(bad)
    page = page_of(application(scene.store()))
    assert "Different libraries recorded these two spans" in page
    assert '"differs"><th scope="row">instrumentation<' in page
    assert ">seen" not in page
    assert ">other" not in page


def test_an_empty_store_does_not_claim_that_everything_connects() -> None:
    client = application(Scene().store())
    page = client.read("/orphans").text
    assert "No message was handed over yet" in page
    assert "Every trace that should continue does" not in page
    assert 'href="/"' in page
    assert "leads to a stored span" not in client.read("/sampling").text


def test_the_page_of_a_group_draws_the_time_around_its_roots_however_much_is_stored() -> None:
    queue = Queue()
    queue.connect(3)
    queue.orphan(2)
    queue.connect(1)
    far = queue.scene.span(99, 1, service="clock", start_time_unix_nano=10**18)
    assert far
    page = page_of(queue.client())
    drawn = re.search(r"<h2>Over time.*?</section>", page, re.DOTALL)
    assert drawn is not None
    assert "s a bar" in drawn[0]
    counted = re.findall(r"(\d+) broken, (\d+) connected</title>", drawn[0])
    assert sum(int(broken) for broken, _ in counted) == 2
    assert sum(int(connected) for _, connected in counted) == 4


@pytest.mark.parametrize("recording", ["pipeline_producer_unsampled", "pipeline_xray_mixed"])
def test_a_parent_that_came_and_is_not_stored_stands_out_beside_a_connected_one(
    recording: str,
) -> None:
    client = application(open_recording(recording)[0])
    for group in ask(client, "orphans/groups")["groups"]:
        ids = group["example"]
        trace = ask(client, f"traces/{ids['trace_id']}")["trace"]
        root = next(each for each in trace["spans"] if each["span_id"] == ids["span_id"])
        moved = client.read(f"/orphans/of-{ids['trace_id']}-{ids['span_id']}")
        page = client.read(moved.headers["location"]).text
        marked = '"differs"><th scope="row">parent</th><td>' in page
        beside = "✓ connected" in page
        assert marked == beside, (group["cause"]["code"], root["parent_span_id"])
        assert (f"{root['parent_span_id']} (not stored)" in page) == (
            beside and root["parent_span_id"] is not None
        )
