"""What the modules behind the pytest plugin are tested with."""

from collections.abc import Iterator

import pytest

from tests.builders import Built, request
from tracestitch.testing.answers import Answers
from tracestitch.testing.seen import Seen


class Scene:
    """Spans, as a test would have seen them."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def see(self, *spans: Built) -> Seen:
        return self._answers.take([request(*spans)])


@pytest.fixture
def answers() -> Iterator[Answers]:
    answers = Answers()
    yield answers
    answers.close()


@pytest.fixture
def scene(answers: Answers) -> Scene:
    return Scene(answers)
