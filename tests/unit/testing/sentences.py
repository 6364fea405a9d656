"""What a claim says."""

from tracestitch.testing.claims import Claim
from tracestitch.testing.seen import Seen


def sentence(claim: Claim, seen: Seen) -> str:
    failure = claim(seen)
    assert failure is not None, "the claim holds"
    return "\n".join([failure.sentence, *failure.lines])
