"""Counters and histograms as data."""

import threading

import pytest

from collector.measures import COUNTERS, GAUGES, HISTOGRAMS, REFUSALS, SECONDS, Measures
from tests.waiting import join


def test_every_declared_name_is_there_from_the_start() -> None:
    reading = Measures().read()

    assert reading.counters == dict.fromkeys(COUNTERS, 0)
    assert reading.refused == dict.fromkeys(REFUSALS, 0)
    assert reading.gauges == dict.fromkeys(GAUGES, 0)
    assert set(reading.histograms) == set(HISTOGRAMS)
    assert all(sum(h.counts) == 0 and h.total == 0 for h in reading.histograms.values())


def test_an_unknown_name_is_a_fault_of_the_caller() -> None:
    measures = Measures()
    with pytest.raises(KeyError):
        measures.count(reqeusts=1)
    with pytest.raises(KeyError):
        measures.refuse("no such reason")
    with pytest.raises(KeyError):
        measures.observe("no such histogram", 1.0)


def test_a_reading_does_not_change_afterwards() -> None:
    measures = Measures()
    measures.count(requests=2, commits=1)
    before = measures.read(log_bytes=7)
    measures.count(requests=1)
    measures.refuse("store")
    measures.observe("log_seconds", 0.1)

    assert (before.counters["requests"], before.gauges["log_bytes"]) == (2, 7)
    assert before.refused["store"] == 0
    assert sum(before.histograms["log_seconds"].counts) == 0


def test_a_bound_belongs_to_its_bucket_and_the_last_bucket_has_none() -> None:
    measures = Measures()
    measures.observe("commit_seconds", 0.0, SECONDS[0], SECONDS[0] * 1.01, 1e9)
    histogram = measures.read().histograms["commit_seconds"]

    assert histogram.counts[:2] == (2, 1)
    assert histogram.counts[-1] == 1
    assert len(histogram.counts) == len(histogram.bounds) + 1
    assert histogram.total == pytest.approx(1e9, rel=1e-6)


def test_threads_lose_no_count() -> None:
    measures = Measures()

    def work() -> None:
        for _ in range(2_000):
            measures.count(requests=1)
            measures.observe("acknowledge_seconds", 0.5)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    join(*threads)

    reading = measures.read()
    assert reading.counters["requests"] == 8_000
    assert sum(reading.histograms["acknowledge_seconds"].counts) == 8_000
