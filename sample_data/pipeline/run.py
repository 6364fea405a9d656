"""Healthy orders, then every failure in turn.

`python -m sample_data.pipeline.run --otlp-endpoint 127.0.0.1:4317` sends one round
to any OTLP gRPC receiver.
"""

import threading
import time
from collections.abc import Callable, Iterable

import click

from sample_data.pipeline.scenario import Pipeline
from sample_data.pipeline.switches import FAILURES, Switch

HEALTHY_ORDERS = 4
FAILING_ORDERS = 3


def run_round(
    pipeline: Pipeline,
    say: Callable[[str], None],
    stop: threading.Event,
    failures: Iterable[Switch] = FAILURES,
    *,
    pause_seconds: float = 0.0,
) -> None:
    """Each failure once, healthy orders before each; returns early when `stop` is set."""
    for failure in failures:
        for switch, count in ((Switch.HEALTHY, HEALTHY_ORDERS), (failure, FAILING_ORDERS)):
            if stop.is_set():
                return
            pipeline.turn(switch)
            say(switch.sentence)
            order_ids = pipeline.place_orders(count)
            pipeline.wait_until_drained(order_ids)
            say(f"  {order_ids[0]} to {order_ids[-1]}")
        stop.wait(pause_seconds)
    pipeline.turn(Switch.HEALTHY)


def first_order_by_clock() -> int:
    """A number that two runs against one server do not share."""
    return int(time.time()) % 1_000_000 * 100


@click.command()
@click.option("--otlp-endpoint", default="127.0.0.1:4317", show_default=True)
def main(otlp_endpoint: str) -> None:
    """Run the sample pipeline once against an OTLP gRPC receiver."""
    with Pipeline(otlp_endpoint, first_order=first_order_by_clock()) as pipeline:
        run_round(pipeline, click.echo, threading.Event())


if __name__ == "__main__":
    main()
