"""What takes minutes or hours: `make soak ARGS="--minutes 10 --rounds 20"`.

First pipelines made up at random, then rounds of `kill -9` under load, then hours of load
beside questions, restarts and deleting. 0 leaves a part out. Exit 1 when something that
has to hold did not.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import click

from tests.soak.hours import Soak, is_flat
from tests.soak.kills import run_kills
from tests.soak.pipelines import run_pipelines


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60, help="of load")
    parser.add_argument("--rounds", type=int, default=100, help="of kill -9")
    parser.add_argument("--pipelines", type=int, default=1_000, help="made up at random")
    parser.add_argument("--rate", type=float, default=3_000, help="spans a second of the load")
    parser.add_argument("--max-size", type=int, default=300, help="MB of the store; 0: no limit")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    given = parser.parse_args()
    click.echo(f"seed {given.seed}")
    if given.pipelines and not run_pipelines(given.pipelines, given.seed):
        return 1
    if given.rounds and not run_kills(given.rounds, given.seed):
        return 1
    if given.minutes and not _run_hours(given):
        return 1
    click.echo("Everything held.")
    return 0


def _run_hours(given: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory(prefix="tracestitch-soak-") as name:
        soak = Soak(
            Path(name),
            spans_per_second=given.rate,
            limit_megabytes=given.max_size,
            chance=random.Random(given.seed),
        )
        report = soak.run(given.minutes)
    if not is_flat(report.resident):
        report.complaints.append(f"memory grows: {report.resident}")
    for complaint in report.complaints:
        click.echo(f"FAILED {complaint}", err=True)
    return not report.complaints


if __name__ == "__main__":
    sys.exit(main())
