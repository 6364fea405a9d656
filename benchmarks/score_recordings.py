"""How right the answers are: recordings with known truth, scored.

    python -m benchmarks.score_recordings [DIR …] [--wrong] [--generated N] [--causes N]

DIR holds one folder a recording (sample_data/recordings, the default, describes the
files); a line each, and a total. `--wrong` lists what is not as the truth has it. Then
the same of N pipelines made up at random, and how many stitches are right by what they
say of themselves. `--causes N`: the same of causes, in N pipelines for each
(docs/causes/reliability.md).
"""

import argparse
import sys
from pathlib import Path

from benchmarks.cause_reliability import measure_causes, tell_causes
from benchmarks.reliability import Reliability, measure_reliability
from benchmarks.scores import TITLES, Score, score
from tests.golden.recordings import (
    FOLDER,
    answers_of,
    connections_of,
    orphans_of,
    read_requests,
    read_truth,
    store_requests,
)
from tests.golden.truth import Comparison, compare

_DIFFERENCES = ("wrong_edges", "missed_edges", "false_orphans", "missed_orphans", "wrong_causes")


def compare_recording(name: str, folder: Path) -> Comparison:
    answers = answers_of(*store_requests(read_requests(name, folder)))
    return compare(read_truth(name, folder), connections_of(answers), orphans_of(answers))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", metavar="DIR", type=Path, nargs="*", default=[FOLDER])
    parser.add_argument("--wrong", action="store_true", help="list what differs from the truth")
    parser.add_argument(
        "--generated", type=int, default=100, metavar="N", help="pipelines; 0: none"
    )
    parser.add_argument(
        "--causes", type=int, default=0, metavar="N", help="pipelines that each cause breaks"
    )
    given = parser.parse_args()
    recordings = [
        (path.parent.name, folder)
        for folder in given.folders
        for path in sorted(folder.glob("*/spans.otlp.pb"))
    ]
    if not recordings:
        parser.error(f"no */spans.otlp.pb in {', '.join(map(str, given.folders))}")
    width = max(len(name) for name, _ in recordings)
    print(" " * width, *TITLES, sep="  ")
    total = Score()
    for name, folder in recordings:
        compared = compare_recording(name, folder)
        one = score(compared)
        total += one
        _print_line(name.ljust(width), [str(share) for share in one.shares()])
        if given.wrong:
            _print_differences(compared)
    _print_line("total".ljust(width), [str(share) for share in total.shares()])
    _print_line("".ljust(width), [share.percent for share in total.shares()])
    if given.generated:
        made_up, reliability = measure_reliability(given.generated)
        print(f"\n{given.generated} pipelines made up at random")
        _print_line("".ljust(width), [str(share) for share in made_up.shares()])
        _print_line("".ljust(width), [share.percent for share in made_up.shares()])
        _print_reliability(reliability)
    if given.causes:
        print(f"\n{given.causes} pipelines made up at random for each cause\n")
        print(*tell_causes(measure_causes(given.causes)), sep="\n")
    return 0


def _print_reliability(reliability: Reliability) -> None:
    print("\nStitches and candidates that are right, by confidence")
    for bound, share in sorted(reliability.by_confidence.items(), reverse=True):
        print(f"  from {bound:.2f}  {share!s:>9}  {share.percent:>7}")
    print("and by rule")
    for (rule, confidence), share in sorted(reliability.by_rule.items()):
        print(f"  {rule:22} {confidence:5.3f}  {share!s:>9}  {share.percent:>7}")


def _print_line(name: str, texts: list[str]) -> None:
    columns = zip(texts, TITLES, strict=True)
    print(name, *(text.rjust(len(title)) for text, title in columns), sep="  ")


def _print_differences(compared: Comparison) -> None:
    for kind in _DIFFERENCES:
        for item in getattr(compared, kind):
            print(f"    {kind}: {item}")


if __name__ == "__main__":
    sys.exit(main())
