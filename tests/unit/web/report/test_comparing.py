"""A broken consumer beside one that connected: what is made prominent."""

from typing import Any

import pytest

from web.report.comparing import compare_consumers, split_lines


def span(**changes: Any) -> Any:
    """A consumer's span with a parent."""
    told: dict[str, Any] = {
        "parent_span_id": "bdd1b47d2fddd4da",
        "links": [],
        "name": "order.process",
        "kind": "CONSUMER",
        "service_version": "1",
        "scope": {"name": "library", "version": "1"},
        "trace_state": "",
        "resource": {},
        "attributes": {},
    }
    return told | changes


def differing(broken: Any, connected: Any) -> list[str]:
    parts = dict(split_lines(compare_consumers(broken, connected)))
    return [line.field for line in parts.get("Differs", [])]


def values(key: str, one: object, other: object) -> tuple[Any, Any]:
    return span(attributes={key: one}), span(attributes={key: other})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://127.0.0.1:42303/1234/orders", "http://127.0.0.1:40487/1234/orders"),
        ("https://a.example/orders?x=1", "https://b.example/orders?x=1"),
        ("0d5e1c2a-7b1f-4c55-9f1e-2b7f6a309a41", "28992c0a-7f1a-4d96-9062-71863fc6bacb"),
        ("6d0ad8a93d44c316", "bdd1b47d2fddd4da"),
        ("2026-11-30T15:04:06Z", "2026-11-30 15:04:07.5"),
        (1795547811394, 1795547811399),
    ],
)
def test_ids_hosts_and_times_that_are_others_in_each_message_are_quiet(
    one: object, other: object
) -> None:
    parts = dict(split_lines(compare_consumers(*values("queue", one, other))))
    assert [line.field for line in parts["Of each message or process"]] == ["queue"]
    assert "Differs" not in parts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://127.0.0.1:42303/1234/orders", "http://127.0.0.1:42303/1234/refunds"),
        ("https://a.example/orders", "http://a.example/orders"),
        ("http://[a/orders", "http://[b/orders"),
        ("orders", "refunds"),
        ("123456789012", "210987654321"),
        ("6d0ad8a93d44c316", "orders"),
        ("", "6d0ad8a93d44c316"),
    ],
)
def test_other_values_that_differ_are_prominent(one: object, other: object) -> None:
    assert differing(*values("queue", one, other)) == ["queue"]


def test_versions_may_be_hashes_and_are_prominent() -> None:
    one, other = ({"service_version": letter * 32} for letter in "ab")
    assert differing(span(**one), span(**other)) == ["service version"]


def test_another_parent_is_quiet_and_a_missing_one_leads() -> None:
    other = {"attributes": {"a": "1"}}
    assert differing(span(parent_span_id="6d0ad8a93d44c316"), span()) == []
    lost = span(parent_span_id=None, name="process", attributes={"b": "2"})
    assert differing(lost, span(**other)) == ["parent", "b", "a", "span name"]


@pytest.mark.parametrize("field", ["parent", "links"])
def test_a_context_that_came_from_a_span_that_is_not_stored_leads(field: str) -> None:
    def with_context(span_id: str, **more: Any) -> Any:
        context: dict[str, Any] = {"parent_span_id": span_id}
        if field == "links":
            context = {"links": [{"span_id": span_id}]}
        return span(attributes=more, **context)

    gone, here = "6d0ad8a93d44c316", "bdd1b47d2fddd4da"
    sides = with_context(gone, a="1"), with_context(here, a="2")
    told = compare_consumers(*sides, missing={gone})
    differs = dict(split_lines(told))["Differs"]
    assert [line.field for line in differs] == [field, "a"]
    assert (differs[0].broken, differs[0].connected) == (f"{gone} (not stored)", here)
    # and is no more than an id where the other one is not stored either, or both are
    for missing in ({gone, here}, set()):
        told = compare_consumers(*sides, missing=missing)
        assert [line.field for line in dict(split_lines(told))["Differs"]] == ["a"]
