"""Records the sample pipeline: `python -m sample_data.record [NAME…]`.

Each recording runs the real pipeline against a small receiver that keeps the
export requests as they were sent, and writes them beside the truth about them.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import click

from collector.otlp_sink import OtlpSink
from sample_data.pipeline.scenario import Pipeline
from sample_data.pipeline.switches import FAILURES, Switch
from sample_data.truth import read_spans, tell_truth

RECORDINGS = Path(__file__).parent / "recordings"


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens in a recording: so many orders under each switch, in this order."""

    orders: tuple[tuple[Switch, int], ...]
    tutorial: bool = False

    @property
    def failure(self) -> Switch:
        return self.orders[-1][0]


PLANS = {
    "pipeline_healthy": Plan(((Switch.HEALTHY, 15),)),
    **{f"pipeline_{failure}": Plan(((Switch.HEALTHY, 5), (failure, 9))) for failure in FAILURES},
    "tutorial_healthy": Plan(((Switch.HEALTHY, 15),), tutorial=True),
    "tutorial_sqs_s1": Plan(((Switch.ATTRIBUTES_NOT_REQUESTED, 15),), tutorial=True),
}


def record(name: str, into: Path) -> None:
    """Write `spans.otlp.pb` and `truth.json` into the folder."""
    plan = PLANS[name]
    with OtlpSink() as sink:
        with Pipeline(sink.endpoint, tutorial=plan.tutorial) as pipeline:
            for switch, count in plan.orders:
                pipeline.turn(switch)
                pipeline.wait_until_drained(pipeline.place_orders(count))
        truth = tell_truth(
            read_spans(sink.parsed()), pipeline.ledger, pipeline.switches, tutorial=plan.tutorial
        )
    into.mkdir(parents=True, exist_ok=True)
    (into / "spans.otlp.pb").write_bytes(sink.framed())
    heading = {
        "scenario": name,
        "system": "aws_sqs+kafka+aws_eventbridge",
        "break": plan.failure.cause,
        "notes": plan.failure.sentence,
    }
    text = json.dumps({**heading, **truth}, indent=1)
    (into / "truth.json").write_text(text + "\n", encoding="utf-8")


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted(PLANS)))
@click.option("--into", type=click.Path(path_type=Path), default=RECORDINGS, help="Folder.")
def main(names: tuple[str, ...], into: Path) -> None:
    """Record these runs of the sample pipeline, or all of them."""
    for name in names or sorted(PLANS):
        record(name, into / name)
        click.echo(f"recorded {name}")


if __name__ == "__main__":
    main()
