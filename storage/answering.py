"""The part of the promise that is about answers and whoever works them out
(storage/contract.py): one analyzer, or several that share the traces
(storage/partition_progress.py).
"""

from collections.abc import Iterable
from typing import Protocol

import pyarrow as pa

from storage.partition import WHOLE, Partition
from storage.partition_progress import Place, Progress


class Answering(Protocol):
    def replace_connections(
        self,
        traces: pa.Table,
        endpoints: pa.Table,
        connections: pa.Table,
        partition: Partition = WHOLE,
    ) -> None:
        """Replace all endpoints and connections owned by `traces` by these.

        The rows MUST be owned by `traces`, and these be the partition's. Schemas ENDPOINTS and
        CONNECTIONS; texts may be views. Raises StoreError, also where the claim of the partition
        is lost.
        """
        ...

    def replace_orphans(
        self,
        traces: pa.Table,
        orphans: pa.Table,
        generation: int,
        partition: Partition = WHOLE,
    ) -> None:
        """Replace all orphans owned by `traces` by these, and note in the same transaction
        that the traces of the partition are analysed up to `generation`. Schema ORPHANS.
        Raises StoreError as `replace_connections` does."""
        ...

    def forget_answers(self, rules: str = "") -> None:
        """Remove all endpoints, connections, orphans and past facts; nothing is analysed
        then. The answers that come are made by `rules`. Whoever analyses begins anew: answers
        that were worked out before are refused."""
        ...

    def claim_analysis(self, partition: Partition = WHOLE) -> int:
        """Whether this process may analyse the traces of the partition, asked before each pass:
        0 while another does; else a number, another than before where another process may have
        analysed them meanwhile, or all answers were forgotten. Raises StoreError while the
        store is analysed in another number of partitions; once nobody does that, it is divided
        anew, and each begins where all had come to.
        Answers and deletions of a process that did not ask while another analyses, or that lost
        its claim because it did not ask for a minute, are refused with StoreError."""
        ...

    def progress(self, partition: Partition = WHOLE) -> Progress:
        """How far the partition's analyzer came, at the cost of a look."""
        ...

    def note_judged(self, partition: Partition, generation: int, places: Iterable[Place]) -> None:
        """Roots of the partition are judged by what all answered up to `generation`, and root
        sends of these places were answered as suspect (Progress). Raises StoreError as
        `replace_connections` does."""
        ...
