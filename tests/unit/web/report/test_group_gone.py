"""A group that is not there any more, and the spans that may have sent a message."""

from tests.answer_builders import Scene, span_hex, trace_hex
from tests.unit.web.applications import application
from tests.unit.web.report.test_orphan_report import Queue, ask


def test_the_page_of_a_group_that_is_gone_says_so_and_leads_back() -> None:
    client = application(Scene().store())
    answer = client.read("/orphans/0123456789ab")
    assert answer.status_code == 404
    assert "This group is gone" in answer.text
    assert 'href="/orphans?state=healed"' in answer.text
    of_root = client.read(f"/orphans/of-{trace_hex(7)}-{span_hex(1)}")
    assert "This span is no orphan root, or no longer" in of_root.text


def test_candidates_are_a_list_to_read_with_their_json_beside_it() -> None:
    queue = Queue()
    queue.orphan(1)
    client = queue.client()
    (orphan,) = ask(client, "orphans")["orphans"]
    page = client.read(f"/candidates/{orphan['trace_id']}/{orphan['span_id']}")
    assert page.status_code == 200
    assert "No span is known that may have sent this message" in page.text
    assert "candidates=true" in page.text
    assert client.read(f"/candidates/{orphan['trace_id']}/{span_hex(99)}").status_code == 404
