"""The claim that there is no orphan root."""

from tests.unit.testing.conftest import Scene
from tests.unit.testing.handovers import process, process_cut, publish
from tests.unit.testing.sentences import sentence
from tracestitch.testing.orphan_claim import NoOrphans


def test_orphan_roots_are_told_with_their_causes(scene: Scene) -> None:
    seen = scene.see(publish(), process_cut())

    assert sentence(NoOrphans(), seen).startswith(
        "Seen: 1 orphan root\norder.process in pay: orphan root, S1 "
    )
    assert NoOrphans(allow=["S1"])(seen) is None


def test_an_expected_orphan_root_counts_only_when_strict(scene: Scene) -> None:
    seen = scene.see(process_cut())  # nobody is seen to publish
    (orphan,) = seen.orphans

    assert orphan["expected"]
    assert NoOrphans()(seen) is None
    assert NoOrphans(strict=True)(seen) is not None


def test_no_orphan_roots_among_nothing_is_no_proof(scene: Scene) -> None:
    assert "nothing was checked" in sentence(NoOrphans(), scene.see())
    assert sentence(NoOrphans(after=["order.process", "order.process"]), scene.see(process())) == (
        "Not seen: 2 × order.process"
    )
