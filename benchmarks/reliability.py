"""Whether confidences are true: of the stitches that say 0.9, are nine of ten right?

Asked of pipelines made up at random (tests/generated), in which faults are far more
frequent than in any real one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from analyzer.rules import DRAWN
from benchmarks.scores import Score, Share, score
from tests.builders import request
from tests.generated.pipelines import generate
from tests.golden.recordings import answers_of, connections_of, orphans_of, store_requests
from tests.golden.truth import Connection, Fact, compare, deliveries_between

# Lower bounds, the surest first.
BOUNDS = (0.98, 0.9, 0.8, 0.6, 0.4, 0.0)


@dataclass
class Reliability:
    """Stitches and candidates that are right, by confidence and by rule and confidence."""

    by_confidence: dict[float, Share] = field(default_factory=dict)
    by_rule: dict[tuple[str, float], Share] = field(default_factory=dict)

    def add(self, edges: list[Fact], connections: Iterable[Connection]) -> None:
        right = deliveries_between(edges)
        for connection in connections:
            if connection.relation != "stitch":
                continue
            one = Share(int((connection.producer, connection.consumer) in right), 1)
            bound = next(bound for bound in BOUNDS if connection.confidence >= bound)
            said = connection.rule, connection.confidence
            self.by_confidence[bound] = self.by_confidence.get(bound, Share()) + one
            self.by_rule[said] = self.by_rule.get(said, Share()) + one


def measure_reliability(pipelines: int) -> tuple[Score, Reliability]:
    """Of the pipelines with the seeds from 0."""
    total, reliability = Score(), Reliability()
    for seed in range(pipelines):
        generated = generate(Random(seed))
        stored = store_requests([request(*generated.spans)])
        answers = answers_of(*stored, candidates=True)
        connections = connections_of(answers)
        drawn = [c for c in connections if c.confidence >= DRAWN]
        total += score(compare(generated.truth, drawn, orphans_of(answers)))
        reliability.add(generated.truth["edges"], connections)
    return total, reliability
