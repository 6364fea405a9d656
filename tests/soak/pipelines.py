"""Many pipelines made up at random: what tests/property asks of a few, of each of them."""

from random import Random

import click

from tests.generated.checks import check_journeys, check_order, check_truth
from tests.generated.pipelines import generate
from tests.generated.topology import Habits

_HABITS = (Habits(healthy=True), Habits(open=True), Habits())


def run_pipelines(count: int, seed: int) -> bool:
    """Whether all of them hold; the seeds of those that do not are said."""
    held = True
    for number in range(seed, seed + count):
        for complaint in _check(number, _HABITS[number % len(_HABITS)]):
            click.echo(f"FAILED pipeline {number}: {complaint}", err=True)
            held = False
    click.echo(f"{count} pipelines made up at random: {'held' if held else 'FAILED'}")
    return held


def _check(seed: int, habits: Habits) -> list[str]:
    random = Random(seed)
    generated = generate(random, habits)
    complaints = check_truth(generated, habits) + check_order(generated, random)
    if habits.healthy or habits.open:
        complaints += check_journeys(generated)
    return complaints
