"""Each recording as a text tree of journeys, the same as last time.

`python -m pytest tests/golden --update-golden` writes the trees anew; read the diff.
"""

from pathlib import Path

import pytest

from tests.golden.recordings import FOLDER, NAMES, analyse_recording, forest_of
from tests.golden.tree import draw

EXPECTED = Path(__file__).parent / "expected"


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_gives_the_journeys_it_gave_before(
    name: str, request: pytest.FixtureRequest
) -> None:
    drawn = draw(forest_of(analyse_recording(name)))
    path = EXPECTED / f"{name}.txt"
    if request.config.getoption("--update-golden", default=False):
        path.write_text(drawn, "utf-8")
    assert drawn == path.read_text("utf-8")


def test_every_expected_tree_has_its_recording() -> None:
    assert [path.stem for path in sorted(EXPECTED.glob("*.txt"))] == NAMES


def test_every_recording_is_named_in_the_readme() -> None:
    readme = (FOLDER / "README.md").read_text("utf-8")
    assert [name for name in NAMES if f"`{name}`" not in readme] == []
