"""What spans can have in common with those of other traces, as keys (storage/join_keys.py).

message      a message id or an event id, without blanks around it; or a Kafka
             position "topic.partition.offset", which is also how some clients spell
             message ids (others send the bare offset as message id)
sequence     a sequence number of a FIFO queue
correlation  a canonical correlation key, its value
work         a resource id, a second: when a process stopped receiving
             (this second and the next) and when it began work of its own
"""

from collections.abc import Iterator, Mapping

from collector.typed_columns import Typed
from storage.join_keys import KINDS, hash_key

Key = tuple[int, int]
"""Kind (storage.join_keys.KINDS) and hash."""

_BLANKS = " \t\r\n\f\v"
_SECOND = 1_000_000_000
_INTERNAL, _CLIENT, _CONSUMER = 1, 3, 5


def join_key(kind: str, *texts: str) -> Key:
    return KINDS[kind], hash_key(kind, *texts)


def message_keys(row: Mapping[str, Typed]) -> Iterator[Key]:
    """Of the typed columns of a span, link or event."""
    message_id, event_id, sequence = (
        str(row.get(name, "")).strip(_BLANKS)
        for name in ("message_id", "event_id", "sequence_number")
    )
    for text in (message_id, event_id):
        if text:
            yield join_key("message", text)
    offset = row.get("kafka_offset")
    if offset is None and message_id.isdecimal() and message_id.isascii():
        offset = message_id
    if offset is not None and "kafka_partition" in row and "destination_name" in row:
        topic = str(row["destination_name"]).strip(_BLANKS)
        yield join_key("message", f"{topic}.{row['kafka_partition']}.{offset}")
    if sequence:
        yield join_key("sequence", sequence)


def work_keys(
    resource_id: int, kind: int, name: str, parent: int, start: int, end: int
) -> Iterator[Key]:
    """Of a span that receives messages or begins work. Times in nanoseconds."""
    if kind in (_CLIENT, _CONSUMER) and "receive" in name.lower():
        seconds = [end // _SECOND, end // _SECOND + 1]
    elif kind == _INTERNAL and not parent:
        seconds = [start // _SECOND]
    else:
        return
    for second in seconds:
        yield join_key("work", str(resource_id), str(second))
