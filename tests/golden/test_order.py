"""In which order requests come, and how often, changes no answer to a recording."""

import random

import pytest

from tests.golden.recordings import (
    NAMES,
    Answers,
    analyse_recording,
    answers_of,
    read_requests,
    store_requests,
)

_OF_ARRIVAL = ["stored_at_unix_nano"]


def told(answers: Answers) -> list[list[str]]:
    return [
        sorted(str(row) for row in table.drop_columns(_columns(table.column_names)).to_pylist())
        for table in (answers.connections, answers.orphans)
    ]


def _columns(names: list[str]) -> list[str]:
    return [name for name in _OF_ARRIVAL if name in names]


@pytest.mark.parametrize("name", NAMES)
def test_requests_in_another_order_and_twice_give_the_same_answers(name: str) -> None:
    requests = read_requests(name) * 2
    random.Random(name).shuffle(requests)
    assert told(answers_of(*store_requests(requests))) == told(analyse_recording(name))


# A pass after each request takes long; tests/property does the same with made-up pipelines.
@pytest.mark.parametrize("name", NAMES[::4])
def test_requests_backwards_with_a_pass_after_each_give_the_same_answers(name: str) -> None:
    backwards = store_requests(reversed(read_requests(name)), pass_after_each=True)
    assert told(answers_of(*backwards)) == told(analyse_recording(name))
