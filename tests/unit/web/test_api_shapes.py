"""Every answer of the API has exactly the documented keys (docs/api.md)."""

from typing import Any

import pytest

from tests.answer_builders import span_hex, trace_hex
from tests.web_client import WebClient

END = {
    *("trace_id", "span_id", "service_name", "service_namespace", "environment", "span_name"),
}
CONNECTION = {
    *("producer", "consumer", "relation", "rule", "confidence", "evidence", "system"),
    *("destination", "scope", "consumer_group", "wait_nano", "attempt", "dead_letter"),
    *("clock_offset_nano", "notes"),
}
ORPHAN = {
    *("trace_id", "span_id", "service_name", "service_namespace", "environment", "span_name"),
    *("start_time_unix_nano", "system", "destination", "scope", "consumer_group"),
    *("is_send", "settled"),
    *("expected", "cause", "other_causes", "evidence", "producer"),
}
IDENTITY = {
    *("environment", "service_namespace", "producer_service", "system", "destination"),
    *("scope", "consumer_service", "consumer_group"),
}
SPAN = {
    *("trace_id", "span_id", "parent_span_id", "name", "service_name", "service_namespace"),
    *("service_version", "environment", "kind", "start_time_unix_nano", "end_time_unix_nano"),
    *("duration_nano", "status", "status_message", "trace_state", "flags", "attributes"),
    *("links", "events", "resource", "scope", "dropped_attributes_count"),
    *("dropped_links_count", "dropped_events_count", "notes"),
}


def ask(client: WebClient, path: str) -> Any:
    response = client.get(f"/api/v1/{path}")
    assert response.status_code == 200, response.text
    return response.json()


def test_status(client: WebClient) -> None:
    assert ask(client, "status") == {
        "version": "1.2.3",
        "store": "memory",
        "decoder": "python",
        "spans": 4,
        "traces": 3,
        "pending_spans": 0,
        "oldest_unix_nano": 1,
        "newest_unix_nano": 12,
        "generation": 1,
        "analysed_generation": 1,
        "grace_nano": 500,
        "otlp_grpc_address": "127.0.0.1:4317",
        "rules_version": "",
        "needs_reanalyze": False,
        "analyzers": [{"partition": "1/1", "analysed_generation": 1, "running": True}],
    }


def test_connections(client: WebClient) -> None:
    answer = ask(client, "connections")
    assert answer.keys() == {"connections", "next_cursor"}
    (connection,) = answer["connections"]
    assert connection.keys() == CONNECTION
    assert connection["producer"] == {
        "trace_id": trace_hex(1),
        "span_id": span_hex(2),
        "service_name": "order-service",
        "service_namespace": None,
        "environment": None,
        "span_name": "order.publish",
    }
    assert connection["consumer"].keys() == END
    assert connection["evidence"] == [{"field": "link", "producer": "p", "consumer": "c"}]
    assert (connection["relation"], connection["confidence"]) == ("link", 1.0)


def test_candidates_are_listed_only_when_asked_for(client: WebClient) -> None:
    relations = [c["relation"] for c in ask(client, "connections?candidates=true")["connections"]]
    assert sorted(relations) == ["link", "stitch"]
    assert len(ask(client, "connections?candidates=false")["connections"]) == 1


def test_orphans(client: WebClient) -> None:
    answer = ask(client, "orphans")
    assert answer.keys() == {"orphans", "next_cursor"}
    (orphan,) = answer["orphans"]
    assert orphan.keys() == ORPHAN
    assert orphan["cause"] == {
        "code": "S1",
        "title": "Message attributes were not requested",
        "confidence": 0.9,
        "fix": "Ask for them.",
        "page": "/causes/S1",
    }
    assert orphan["other_causes"] == [
        {
            "code": "S2",
            "title": "The producer does not inject context into message attributes",
            "confidence": 0.3,
        }
    ]
    assert orphan["evidence"] == [{"field": "f", "value": "v", "meaning": "m"}]
    assert (orphan["producer"], orphan["settled"], orphan["expected"]) == (None, True, False)


def test_groups(client: WebClient) -> None:
    answer = ask(client, "orphans/groups")
    assert answer.keys() == {"groups", "summary", "next_cursor"}
    assert answer["summary"] == {
        "broken": 1,
        "silent": 0,
        "healed": 0,
        "unsettled": 0,
        "healthy": 1,
        "not_instrumented": 0,
    }
    (group,) = answer["groups"]
    assert group.keys() == IDENTITY | {
        *("cause", "is_send", "count", "settled_count", "other_causes_count", "connected"),
        *("first_seen", "last_seen"),
        *("state", "connected_before", "connected_between", "connected_after", "first_bad"),
        *("since_version", "good_version", "version_of", "healed_since", "silent_since"),
        *("always", "trend"),
        *("expected", "example", "evidence", "fix"),
    }
    assert group["example"] == {"trace_id": trace_hex(3), "span_id": span_hex(1)}
    assert group["cause"].keys() == {"code", "title", "confidence", "fix", "page"}
    assert (group["consumer_service"], group["count"], group["connected"]) == (
        "stock-service",
        1,
        0,
    )


def test_edges(client: WebClient) -> None:
    answer = ask(client, "edges")
    assert answer.keys() == {"edges", "notes_pending", "next_cursor"}
    connected, broken = sorted(answer["edges"], key=lambda edge: -edge["connected"])
    assert connected.keys() == IDENTITY | {
        *("count", "connected", "relations", "wait_p50_nano", "wait_p95_nano", "wait_p99_nano"),
        *("redeliveries", "dead_letters", "first_seen", "last_seen", "notes", "sent_to"),
    }
    assert connected["sent_to"] == []
    assert connected["relations"] == {"parent": 0, "link": 1, "stitch": 0}
    assert (connected["producer_service"], connected["consumer_service"]) == (
        "order-service",
        "payment-service",
    )
    assert (broken["connected"], broken["count"], broken["consumer_service"]) == (
        0,
        1,
        "stock-service",
    )


def test_journeys(client: WebClient) -> None:
    answer = ask(client, "journeys?attribute=order.id=A")
    assert answer.keys() == {"journey"}
    journey = answer["journey"]
    assert journey.keys() == {
        *("key", "value", "trace_ids", "start_time_unix_nano", "end_time_unix_nano", "status"),
        *("notes", "related", "spans", "connections", "orphans", "attempts", "not_seen"),
    }
    assert (journey["key"], journey["value"], journey["status"]) == ("order.id", "A", "error")
    assert journey["trace_ids"] == [trace_hex(number) for number in (1, 2, 3)]
    assert (journey["start_time_unix_nano"], journey["end_time_unix_nano"]) == (1, 12)
    assert journey["related"] == [{"key": "workflow.id", "value": "W"}]
    assert all(span.keys() == SPAN for span in journey["spans"])
    assert [c.keys() for c in journey["connections"]] == [CONNECTION]
    assert [orphan.keys() for orphan in journey["orphans"]] == [ORPHAN]


def test_a_journey_by_trace_id_has_no_key(client: WebClient) -> None:
    journey = ask(client, f"journeys?trace_id={trace_hex(2)}")["journey"]
    assert (journey["key"], journey["value"]) == (None, None)
    assert journey["trace_ids"] == [trace_hex(1), trace_hex(2)]


def test_traces(client: WebClient) -> None:
    answer = ask(client, f"traces/{trace_hex(2)}")
    assert answer.keys() == {"trace"}
    trace = answer["trace"]
    assert trace.keys() == {
        *("trace_id", "spans", "connections", "orphans", "correlation", "notes"),
    }
    assert trace["correlation"] == [{"key": "workflow.id", "value": "W"}]
    assert len(trace["connections"]) == 1
    (span,) = trace["spans"]
    assert span.keys() == SPAN
    assert span["links"] == [
        {
            "trace_id": trace_hex(1),
            "span_id": span_hex(2),
            "trace_state": "a=b",
            "flags": 0,
            "attributes": {"messaging.message.id": "m-1"},
            "dropped_attributes_count": 0,
        }
    ]
    assert span["events"] == [
        {
            "name": "exception",
            "time_unix_nano": 7,
            "attributes": {"n": 1},
            "dropped_attributes_count": 0,
        }
    ]
    assert span["scope"].keys() == {"name", "version", "attributes", "schema_url"}
    assert (span["kind"], span["status"], span["resource"]) == ("UNSPECIFIED", "ERROR", {})


def test_search(client: WebClient) -> None:
    answer = ask(client, "search?attribute=order_id=A&service=order-service")
    assert answer == {
        "traces": [
            {
                "trace_id": trace_hex(1),
                "root": {"span_name": "POST /orders", "service_name": "order-service"},
                "services": ["order-service"],
                "span_count": 2,
                "error_count": 0,
                "start_time_unix_nano": 1,
                "end_time_unix_nano": 12,
                "duration_nano": 11,
                "correlation": [{"key": "order.id", "value": "A"}],
            }
        ],
        "next_cursor": None,
    }


def test_correlation_and_services(client: WebClient) -> None:
    assert ask(client, "correlation") == {"keys": ["order.id", "workflow.id"]}
    assert ask(client, "correlation?key=order_id") == {"key": "order.id", "values": ["A"]}
    assert ask(client, "services") == {
        "services": ["order-service", "payment-service", "stock-service"]
    }


@pytest.mark.parametrize("path", ["status", "connections", "orphans", "edges", "search"])
def test_answers_are_json_that_nobody_caches_or_frames(client: WebClient, path: str) -> None:
    response = client.get(f"/api/v1/{path}")
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert response.headers["referrer-policy"] == "same-origin"
