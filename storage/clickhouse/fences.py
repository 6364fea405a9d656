"""Which answers a writer may store: it looks after it claimed their number, and not before.

So whoever changes who may answer, or what answers begin from, either sees the claim or is seen.
"""

import json
from dataclasses import dataclass
from typing import Any

from storage.clickhouse.snapshot import Claim, Snapshot
from storage.partition import Partition
from storage.partition_progress import partitions_of

LEASE_LOST = "Another process analyses this store; this one's answers are not stored."
BEGUN_ANEW = "All answers begin anew; those that were worked out before are not stored."


@dataclass(frozen=True, slots=True)
class Fence:
    """Of answers, and of deletions, of whoever analyses a partition."""

    partition: Partition
    term: int
    """0 of one that never asked: it may answer while nobody analyses, and forget all answers."""
    began: int = 0
    """Snapshot.began when it asked."""
    alone: bool = False
    """It changes what others begin from: none may be claimed until this one has ended."""

    @property
    def told(self) -> str:
        told = {"term": self.term, "partition": str(self.partition)}
        return json.dumps(told | ({"alone": True} if self.alone else {}))

    def refuse(self, seen: Snapshot, number: int, writer: str) -> str | None:
        """Why an answer of this number may not be stored. None where it may."""
        before = (claim for claim in seen.answers.open if claim.number < number)
        if any(is_alone(claim) for claim in before):
            return BEGUN_ANEW
        if not self.term and self.alone:
            return None
        if not self.term:
            leases = map(seen.lease, partitions_of(seen.state))
            return LEASE_LOST if any(lease.owner for lease in leases) else None
        lease = seen.lease(self.partition)
        if lease.term != self.term or lease.owner not in {"", writer}:
            return LEASE_LOST
        return BEGUN_ANEW if self.began != seen.began else None


def is_alone(claim: Claim) -> bool:
    return "alone" in claim.told


def is_of(claim: Claim, partition: Partition) -> bool:
    """Whether it is for an answer of the partition, or of one that never asked."""
    told: dict[str, Any] = json.loads(claim.told or "{}")
    return bool(told) and (not told["term"] or told["partition"] == str(partition))
