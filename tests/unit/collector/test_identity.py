"""The layout that collector/identity.py tells, written down a second time: a decoder in
another language has nothing else to go by."""

import struct
from hashlib import blake2b

from xxhash import xxh3_64_intdigest

from collector.decoded import decode_request
from collector.decoding import make_decoder
from tests.builders import EPOCH, link, request, span


def block(numbers: list[int], texts: list[str]) -> bytes:
    said = [text.encode() for text in texts]
    return b"".join(struct.pack("<q" if number < 0 else "<Q", number) for number in numbers) + (
        b"".join(struct.pack("<I", len(text)) + text for text in said)
    )


def digest(content: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big")


def test_ids_follow_the_layout_that_is_told() -> None:
    resource = digest(block([0], ['{"service.name":"shop"}', "[]", ""]))
    scope = digest(block([0], ["tests", "1", "{}", ""]))
    content = (
        block(
            [5, resource, scope, 4, 0x100, EPOCH, EPOCH + 10_000_000, 2, 1, 2, 3, 2, 1],
            ["größe", "a=b", "late", '{"order.id":7}'],
        )
        + block([2**63, 9, 2**64 - 1, 0, 0], ["", "{}"])
        + block([0, 1, 1, 0x100, 0], ["s=1", '{"k":1.0}'])
        + block([EPOCH, 0], ["queued", '{"attempt":1}'])
    )
    built = span(
        "größe",
        parent=5,
        kind="PRODUCER",
        service="shop",
        status="ERROR",
        status_message="late",
        attributes={"order.id": 7},
        links=[
            link(trace=2**127 + 9, id=2**64 - 1, flags=0),
            link(trace_state="s=1", attributes={"k": 1.0}),
        ],
        events=[("queued", {"attempt": 1})],
        trace_state="a=b",
        dropped_attributes_count=1,
        dropped_events_count=2,
        dropped_links_count=3,
    )

    (row,) = decode_request(make_decoder(), request(built)).batch.spans.to_pylist()

    assert (row["resource_id"], row["scope_id"]) == (resource, scope)
    assert row["content_hash"] == xxh3_64_intdigest(content) & 0xFFFF_FFFF
