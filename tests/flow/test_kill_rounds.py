"""`make soak` does the same a hundred times."""

import random
from pathlib import Path

from tests.flow.kill_rounds import Ledger, Verdict, judge, run_round


def test_three_kills_under_load_lose_nothing_and_store_nothing_twice(tmp_path: Path) -> None:
    ledger, chance = Ledger(), random.Random()
    for _ in range(3):
        run_round(tmp_path, ledger, chance)

    assert ledger.acknowledged
    assert judge(tmp_path, ledger) == Verdict([], [], [], [])
