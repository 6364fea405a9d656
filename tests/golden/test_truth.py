"""What the analyzer says of each recording, against what really happened."""

from dataclasses import dataclass

import pytest

from tests.golden.recordings import (
    NAMES,
    analyse_recording,
    connections_of,
    orphans_of,
    read_truth,
)
from tests.golden.truth import compare


@dataclass(frozen=True, slots=True)
class Expected:
    """How much of the truth the spans do not give away."""

    missed_edges: int = 0
    missed_orphans: int = 0
    other_causes: int = 0


EXPECTED = {
    # Nothing on the two ends of the broken hop is the same: candidates only.
    "tutorial_sqs_s1": Expected(missed_edges=15),
}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_said_that_did_not_happen(name: str) -> None:
    answers = analyse_recording(name)
    found = compare(read_truth(name), connections_of(answers), orphans_of(answers))
    assert found.wrong_edges == []
    assert found.wrong_relations == []
    assert found.false_orphans == []
    assert found.wrong_causes == []


@pytest.mark.parametrize("name", NAMES)
def test_what_happened_is_found(name: str) -> None:
    answers = analyse_recording(name)
    found = compare(read_truth(name), connections_of(answers), orphans_of(answers))
    counted = Expected(
        missed_edges=len(found.missed_edges),
        missed_orphans=len(found.missed_orphans),
        other_causes=len(found.other_causes),
    )
    assert counted == EXPECTED.get(name, Expected())
