"""Whether causes are right, and as often as they say: a table over pipelines with one fault each.

Every cause breaks as many pipelines made up at random (tests/generated) as every other, so
that rare causes count as much as frequent ones. Only roots that the fault itself left are
counted, not those that the healthy hops beside it leave by their library's habit.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from benchmarks.scores import Share
from tests.builders import request
from tests.generated.breaks import CODES
from tests.generated.pipelines import generate
from tests.generated.topology import Habits
from tests.golden.recordings import answers_of, connections_of, orphans_of, store_requests
from tests.golden.truth import Fact, Orphan, compare

# Lower bounds of what a verdict says, the surest first.
BOUNDS = (0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.0)


@dataclass
class CauseReliability:
    """`strict`: the true cause, `alike`: it or one that the spans cannot tell from it."""

    strict: dict[float, Share] = field(default_factory=dict)
    alike: dict[float, Share] = field(default_factory=dict)
    roots: Counter[str] = field(default_factory=Counter)
    """By true cause, also those that nobody reported."""
    found: Counter[str] = field(default_factory=Counter)
    recalled: Counter[str] = field(default_factory=Counter)
    recalled_alike: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    said_right: Counter[str] = field(default_factory=Counter)
    said_alike: Counter[str] = field(default_factory=Counter)
    confused: Counter[tuple[str, str, float]] = field(default_factory=Counter)
    """(true, said, confidence) where neither is like the other."""
    false: Counter[str] = field(default_factory=Counter)
    """Reported roots that are none, by what was said of them."""

    def add(self, lost: Fact, orphan: Orphan) -> None:
        true, said = lost["cause"], orphan.cause
        right = said == true
        either = right or said in lost["also_ok"]
        bound = next(bound for bound in BOUNDS if orphan.confidence >= bound)
        self.strict[bound] = self.strict.get(bound, Share()) + Share(int(right), 1)
        self.alike[bound] = self.alike.get(bound, Share()) + Share(int(either), 1)
        self.found[true] += 1
        self.said[said] += 1
        self.recalled[true] += right
        self.recalled_alike[true] += either
        self.said_right[said] += right
        self.said_alike[said] += either
        if not either:
            self.confused[true, said, orphan.confidence] += 1

    def mean(self, hits: Counter[str]) -> float:
        """Over the causes, of the shares of reported roots."""
        shares = [hits[code] / self.found[code] for code in self.roots if self.found[code]]
        return sum(shares) / len(shares)


def measure_causes(pipelines: int) -> CauseReliability:
    """Of so many pipelines a cause, with the seeds from 0."""
    measured = CauseReliability()
    for code in CODES:
        for seed in range(pipelines):
            generated = generate(Random(seed), Habits(cause=code))
            answers = answers_of(*store_requests([request(*generated.spans)]))
            found = compare(generated.truth, connections_of(answers), orphans_of(answers))
            measured.roots[code] += sum(
                lost["cause"] == code for lost in generated.truth["orphan_roots"]
            )
            measured.false.update(orphan.cause for orphan in found.false_orphans)
            for lost, orphan in found.found_orphans:
                if lost["cause"] == code:
                    measured.add(lost, orphan)
    return measured


def tell_causes(measured: CauseReliability) -> Iterator[str]:
    """Lines of Markdown."""
    yield "| confidence | the true cause | or one like it |"
    yield "|---|---|---|"
    for bound in sorted(measured.strict, reverse=True):
        strict, alike = measured.strict[bound], measured.alike[bound]
        yield f"| from {bound:.2f} | {_share(strict)} | {_share(alike)} |"
    yield ""
    yield "| cause | roots | reported | named | or one like it | said | right | or like it |"
    yield "|---|---|---|---|---|---|---|---|"
    for code in sorted(measured.roots.keys() | measured.said.keys()):
        found, said = measured.found[code], measured.said[code]
        yield (
            f"| {code} | {measured.roots[code]} | {found} "
            f"| {Share(measured.recalled[code], found).percent} "
            f"| {Share(measured.recalled_alike[code], found).percent} | {said} "
            f"| {Share(measured.said_right[code], said).percent} "
            f"| {Share(measured.said_alike[code], said).percent} |"
        )
    total, reported = measured.roots.total(), measured.found.total()
    yield (
        f"| all | {total} | {Share(reported, total).percent} "
        f"| {Share(measured.recalled.total(), reported).percent} "
        f"| {Share(measured.recalled_alike.total(), reported).percent} | {reported} | | |"
    )
    yield (
        f"| mean over the causes | | | {100 * measured.mean(measured.recalled):.1f} % "
        f"| {100 * measured.mean(measured.recalled_alike):.1f} % | | | |"
    )
    yield ""
    none = ", ".join(f"{count} as {code}" for code, count in sorted(measured.false.items()))
    yield f"Reported roots that are none: {none or 0}"
    yield ""
    yield "| true | said | confidence | roots |"
    yield "|---|---|---|---|"
    for (true, answer, confidence), count in measured.confused.most_common():
        yield f"| {true} | {answer} | {confidence:.2f} | {count} |"


def _share(share: Share) -> str:
    return f"{share} ({share.percent})"
