"""Shares of right answers, from comparisons with the truth."""

from typing import Any

from benchmarks.reliability import Reliability, measure_reliability
from benchmarks.scores import Score, Share, score
from tests.golden.truth import Connection, Fact, Ids, Orphan, compare

P, C, ROOT, OTHER = ("t1", "p"), ("t2", "c"), ("t2", "root"), ("t3", "x")


def ids(of: Ids) -> Fact:
    return {"trace_id": of[0], "span_id": of[1]}


def delivery(**fields: Any) -> Fact:
    return {
        "producer": ids(P),
        "consumer": ids(C),
        "consumer_root": ids(ROOT),
        "relation": "none",
        "cause": "S1",
        "shared": "nothing",
        "producer_exported": True,
        **fields,
    }


def scored(edges: list[Fact], connections: list[Connection], orphans: list[Orphan]) -> Score:
    lost = {**ids(ROOT), "cause": "S1", "also_ok": ["S2"]}
    truth = {"edges": edges, "orphan_roots": [lost]}
    return score(compare(truth, connections, orphans))


def test_shares_of_nothing_are_said_to_be_of_nothing() -> None:
    assert str(Share()) == "·"
    assert Share().percent == "·"
    assert Share(1, 3).percent == "33.3 %"


def test_a_wrong_connection_lowers_the_precision_alone() -> None:
    stated = delivery(relation="parent", cause=None, shared="visible")
    found = scored([stated], [Connection(P, C, "parent"), Connection(P, OTHER, "stitch")], [])
    assert found.precision == Share(1, 2)
    assert found.recall == Share(1, 1)


def test_hand_overs_that_nothing_states_are_counted_apart_and_by_what_names_them() -> None:
    edges = [
        delivery(relation="link", cause=None, shared="visible"),
        delivery(producer=ids(OTHER), shared="id"),
        delivery(producer=ids(OTHER), consumer=ids(OTHER), consumer_root=None, shared="nothing"),
    ]
    found = scored(edges, [Connection(P, C, "link")], [])
    assert found.recall == Share(1, 3)
    assert found.unstated == Share(0, 2)
    assert found.named == Share(0, 1)


def test_an_answer_at_the_root_of_the_consumer_is_right_but_not_exact() -> None:
    found = scored([delivery()], [Connection(P, ROOT, "stitch")], [])
    assert found.precision == Share(1, 1)
    assert found.ends == Share(0, 1)


def test_a_cause_that_looks_alike_counts_only_as_alike() -> None:
    found = scored([delivery()], [], [Orphan(ROOT, "S2"), Orphan(OTHER, "K1")])
    assert (found.cause, found.cause_or_alike) == (Share(0, 1), Share(1, 1))
    assert (found.orphan_precision, found.orphan_recall) == (Share(1, 2), Share(1, 1))


def test_the_total_adds_every_share() -> None:
    one = scored([delivery()], [Connection(P, C, "stitch")], [Orphan(ROOT, "S1")])
    both = one + one
    assert [(s.right, s.of) for s in both.shares()] == [
        (2 * s.right, 2 * s.of) for s in one.shares()
    ]


def test_stitches_are_counted_by_what_they_say_of_themselves_and_stated_ones_not() -> None:
    reliability = Reliability()
    reliability.add(
        [delivery()],
        [
            Connection(P, C, "stitch", 0.9, "correlation-id"),
            Connection(P, OTHER, "stitch", 0.3, "correlation-id"),
            Connection(OTHER, C, "parent", 1.0, "parent"),
        ],
    )
    assert reliability.by_confidence == {0.9: Share(1, 1), 0.0: Share(0, 1)}
    assert reliability.by_rule == {
        ("correlation-id", 0.9): Share(1, 1),
        ("correlation-id", 0.3): Share(0, 1),
    }


def test_the_same_pipelines_are_measured_every_time() -> None:
    assert measure_reliability(2) == measure_reliability(2)
    assert measure_reliability(2)[0].recall.of > 0
