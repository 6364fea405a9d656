"""Many rounds of `kill -9` under load on one data directory."""

import random
import tempfile
from pathlib import Path

import click

from tests.flow.kill_rounds import Ledger, Verdict, judge, run_round

_CHECK_EVERY = 20


def run_kills(rounds: int, seed: int) -> bool:
    """Whether nothing that was acknowledged is missing and nothing is there twice."""
    ledger, chance = Ledger(), random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="tracestitch-kills-") as name:
        for number in range(1, rounds + 1):
            run_round(Path(name), ledger, chance)
            if number % _CHECK_EVERY and number < rounds:
                continue
            verdict = judge(Path(name), ledger)
            click.echo(
                f"after {number} rounds: {len(ledger.sent)} requests sent,"
                f" {len(ledger.acknowledged)} acknowledged, {len(verdict.lost)} lost,"
                f" {len(verdict.repeated)} twice, {len(verdict.partial)} in part"
            )
            if verdict != Verdict([], [], [], []):
                click.echo(verdict, err=True)
                return False
    return True
