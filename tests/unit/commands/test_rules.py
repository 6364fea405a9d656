"""Answers are those of today's rules, columns those that the spans were stored with."""

from pathlib import Path
from typing import Any

import pytest

from storage.contract import ConnectionQuery, OrphanQuery, Page, SpanStore
from storage.engines import open_store
from storage.schema import CONNECTIONS, ENDPOINTS, ORPHANS
from storage.sources import digest_sources
from tests.builders import batch, link, span
from tracestitch.analysis import AnalysisLoop

QUEUE = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}


@pytest.fixture(params=["memory:", "duckdb:"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    opened = open_store(request.param + (str(tmp_path) if request.param == "duckdb:" else ""))
    yield opened
    opened.close()


def analyse(store: SpanStore) -> int:
    loop, passes = AnalysisLoop(store), 0
    while loop.run_once():
        passes += 1
    return passes


def fill(store: SpanStore) -> None:
    store.append(
        batch(
            span("order.publish", kind="PRODUCER", attributes=QUEUE),
            span("order.process", trace=2, kind="CONSUMER", at=1, attributes=QUEUE, links=[link()]),
        ),
        1,
    )
    analyse(store)


def count_answers(store: SpanStore) -> int:
    return store.connections(ConnectionQuery(), Page()).table.num_rows


def test_answers_of_other_rules_are_worked_out_again(
    store: SpanStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tracestitch.analysis.RULES_VERSION", "older")
    fill(store)
    # what today's rules would never say
    traces = store.traces_until(9)
    nothing = (ENDPOINTS.empty_table(), CONNECTIONS.empty_table())
    store.replace_connections(traces, *nothing)
    store.replace_orphans(traces, ORPHANS.empty_table(), 1)
    assert analyse(store) == 0
    assert count_answers(store) == 0

    monkeypatch.setattr("tracestitch.analysis.RULES_VERSION", "newer")
    assert analyse(store) == 1

    assert count_answers(store) == 1
    assert store.answering_rules() == "newer"
    assert "made by other rules and are worked out again" in caplog.text


def test_answers_of_the_same_rules_stay(store: SpanStore, caplog: pytest.LogCaptureFixture) -> None:
    fill(store)
    assert analyse(store) == 0
    assert count_answers(store) == 1
    assert store.orphans(OrphanQuery(), Page()).table.num_rows == 0
    assert caplog.text == ""


def test_rules_are_named_by_the_text_of_the_code(tmp_path: Path, monkeypatch: Any) -> None:
    folder = tmp_path / "made_up_rules"
    (folder / "deep").mkdir(parents=True)
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    names = set()
    for name, text in (
        ("a.py", "one"),
        ("a.py", "two"),
        ("deep/b.toml", "two"),
        ("deep/a.py", ""),
        ("notes.md", "ignored"),
    ):
        (folder / name).write_text(text)
        names.add(digest_sources("made_up_rules"))
    assert len(names) == 4
    assert digest_sources("made_up_rules", ["a.py"]) not in names
