"""Spans that several writers stored at the same moment: none saw the others'.

Each commit says beside which appends it was made. Whoever leads the analysis looks at those
before it notes that an append is analysed, and leaves the copy of the smallest generation. So
writers may die whenever they like, and what is analysed has each span once.
"""

from typing import Any

import pyarrow as pa

from storage.clickhouse.database import Database, Session
from storage.clickhouse.deletes import delete_spans
from storage.clickhouse.snapshot import Series
from storage.clickhouse.statements import statement
from storage.memory_frames import PART, read


def told_beside(number: int, looked: Series, claimed: Series) -> dict[str, Any]:
    """What the commit of an append says of those whose spans it did not see: that were
    committed since it looked for duplicates, or had begun and not ended, when it had claimed
    its number. Of two appends it is the later one that tells of the other."""
    going_on = [claim.number for claim in claimed.open if claim.number < number]
    beside = [*claimed.since(looked), *going_on]
    return {"beside": beside} if beside else {}


def drop_copies(database: Database, session: Session, after: int, upto: int) -> None:
    """Drop what the appends after a generation, all of them ended, stored a second time."""
    beside = sorted(database.journal.beside(after, upto)) if upto > after else []
    if not beside:
        return
    appends = pa.table({"generation": pa.array(beside, pa.uint64())})
    with session.given(appends=appends):
        copies = read(session.select(statement("copies", part=", ".join(PART))))
    for (generation,), spans in copies.group_by("generation"):
        delete_spans(database.client, generation, spans)
