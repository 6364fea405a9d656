"""Many rounds of `kill -9` under load: `python -m tests.soak.kills --rounds 100`.

Exit 0 when nothing that was acknowledged is missing and nothing is there twice.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import click

from tests.flow.kill_rounds import Ledger, Verdict, judge, run_round


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--check-every", type=int, default=20, help="rounds between looks")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    given = parser.parse_args()
    click.echo(f"kill -9, {given.rounds} rounds, seed {given.seed}")
    ledger, chance = Ledger(), random.Random(given.seed)
    with tempfile.TemporaryDirectory(prefix="tracestitch-kills-") as name:
        for number in range(1, given.rounds + 1):
            run_round(Path(name), ledger, chance)
            if number % given.check_every and number < given.rounds:
                continue
            verdict = judge(Path(name), ledger)
            click.echo(
                f"after {number} rounds: {len(ledger.sent)} requests sent,"
                f" {len(ledger.acknowledged)} acknowledged, {len(verdict.lost)} lost,"
                f" {len(verdict.repeated)} twice, {len(verdict.partial)} in part"
            )
            if verdict != Verdict([], [], [], []):
                click.echo(verdict, err=True)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
