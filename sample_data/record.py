"""Records the sample pipeline: `python -m sample_data.record [NAME…]`.

Each recording runs the real pipeline against a small receiver that keeps the
export requests as they were sent, and writes them beside the truth about them. Only the
stacks of exceptions are left out.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.otlp_sink import OtlpSink
from sample_data.pipeline.scenario import Pipeline
from sample_data.pipeline.switches import FAILURES, Switch
from sample_data.truth import read_spans, tell_truth

RECORDINGS = Path(__file__).parent / "recordings"


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens in a recording: so many orders under each switch, in this order."""

    orders: tuple[tuple[Switch, int], ...]

    @property
    def failure(self) -> Switch:
        return self.orders[-1][0]


PLANS = {
    "pipeline_healthy": Plan(((Switch.HEALTHY, 15),)),
    **{f"pipeline_{failure}": Plan(((Switch.HEALTHY, 5), (failure, 9))) for failure in FAILURES},
}


def record(name: str, into: Path) -> None:
    """Write `spans.otlp.pb` and `truth.json` into the folder."""
    plan = PLANS[name]
    with OtlpSink() as sink, Pipeline(sink.endpoint) as pipeline:
        for switch, count in plan.orders:
            pipeline.turn(switch)
            pipeline.wait_until_drained(pipeline.place_orders(count))
    sink.requests = [without_stacks(request) for request in sink.requests]
    truth = tell_truth(read_spans(sink.parsed()), pipeline.ledger, pipeline.switches)
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


def without_stacks(request: bytes) -> bytes:
    """An export request without the stacks of exceptions, which name folders of this machine."""
    parsed = ExportTraceServiceRequest.FromString(request)
    for event in _list_events(parsed):
        kept = [told for told in event.attributes if told.key != "exception.stacktrace"]
        del event.attributes[:]
        event.attributes.extend(kept)
    return parsed.SerializeToString()


def _list_events(request: ExportTraceServiceRequest) -> Iterator[Span.Event]:
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield from span.events


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
