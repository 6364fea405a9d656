"""Random and mutated requests through both decoders until the time is over.

    python -m tests.unit.collector.fuzz_decoders [--seconds 60] [--seed N]

Each request goes between two good ones, so that what a refused one leaves behind shows.
Ends at the first difference and prints the seed that makes it again.
"""

import argparse
import time
from random import Random

from tests.builders import link, request, span
from tests.unit.collector.random_wire import make_request
from tests.unit.collector.same_tables import assert_same

GOOD = request(span(attributes={"order.id": "7"}, links=[link()], kind="CONSUMER"))


def mutate(payload: bytes, random: Random) -> bytes:
    changed = bytearray(payload)
    for _ in range(random.choice([0, 0, 1, 2, 8])):
        at = random.randrange(len(changed) + 1)
        changed[at : at + random.randrange(4)] = random.randbytes(random.randrange(4))
    return bytes(changed)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare both decoders on random requests.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, help="this one alone")
    arguments = parser.parse_args()
    first = time.time_ns() if arguments.seed is None else arguments.seed
    end, taken, seed = time.monotonic() + arguments.seconds, 0, first
    while time.monotonic() < end and (arguments.seed is None or seed == first):
        random = Random(seed)
        try:
            taken += assert_same(GOOD, mutate(make_request(random), random), GOOD)[1]
        except BaseException:
            print(f"The decoders differ: --seed {seed}")
            raise
        seed += 1
    print(f"{seed - first} requests, {taken} taken by both, the others refused by both")


if __name__ == "__main__":
    main()
