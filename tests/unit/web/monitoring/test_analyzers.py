"""Several analyzers of one store: how far each is, and which does not run."""

import re
from dataclasses import replace

import pytest

from storage.contract import SpanStore
from storage.partition import parts_of
from storage.partition_progress import PartitionStatus
from tests.answer_builders import Scene
from tests.unit.web.applications import application


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split()).replace(" :", ":")


def divided(monkeypatch: pytest.MonkeyPatch) -> SpanStore:
    """In two, of which the second has no analyzer."""
    store = Scene().store()
    one, two = parts_of(2)
    partitions = (PartitionStatus(one, 1, is_held=True), PartitionStatus(two, 0, is_held=False))
    told = replace(store.status(), generation=1, partitions=partitions)
    monkeypatch.setattr(store, "status", lambda: told)
    return store


def test_the_status_page_names_the_one_that_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    told = text_of(application(divided(monkeypatch)).get("/status").text)
    assert "analyzer 1/2 all its traces" in told
    assert "analyzer 2/2 does not run: 0 of 1" in told
    assert "1 analyzer of 2 does not run" in told
    assert "Everything is up to date" not in told


def test_the_status_page_says_that_none_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Scene().store()
    (whole,) = parts_of(1)
    told = replace(store.status(), partitions=(PartitionStatus(whole, 0, is_held=False),))
    monkeypatch.setattr(store, "status", lambda: told)
    assert "No analyzer runs" in text_of(application(store).get("/status").text)


def test_of_one_analyzer_the_status_page_says_nothing_of_partitions() -> None:
    told = text_of(application(Scene().store()).get("/status").text)
    assert "analyzer 1/1" not in told
    assert "not run" not in told
    assert "No analyzer" not in told


def test_the_api_and_the_metrics_tell_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    client = application(divided(monkeypatch))
    assert client.get("/api/v1/status").json()["analyzers"] == [
        {"partition": "1/2", "analysed_generation": 1, "running": True},
        {"partition": "2/2", "analysed_generation": 0, "running": False},
    ]
    lines = client.get("/metrics").text.splitlines()
    for line in (
        'tracestitch_partition_analysed_generation{partition="1/2"} 1.0',
        'tracestitch_partition_analyzers{partition="1/2"} 1.0',
        'tracestitch_partition_analyzers{partition="2/2"} 0.0',
    ):
        assert line in lines
