"""Content ids: what tells equal content from other content.

Resources, scopes, shapes and correlation sets are stored once under theirs, so nobody
may be able to make up two with one id: BLAKE2b with an 8-byte digest, read big-endian.
A span's `content_hash` only tells apart spans that were sent with the same ids: the low
32 bits of XXH3-64 (seed 0), which costs a tenth. Both are taken over a canonical byte
string of blocks. A block is its numbers as little-endian 64-bit integers (signed ones by
their bits), then each text as its UTF-8 length (32-bit little-endian) and bytes; absent
texts are empty. Attributes are the JSON text that is stored, ids of 16 bytes two numbers.
A decoder in another language writes the same blocks:

    resource  dropped_attributes_count
              attributes, entity_refs ("[]" without any), schema_url
    scope     dropped_attributes_count
              name, version, attributes, schema_url
    shape     (no numbers)
              each of SHAPE_COLUMNS: text as it is, int in decimal, bool "true" or "false"
    set       (no numbers)
              each correlation key, in order, and its value
    span      parent (0 for none), resource id, scope id, kind, flags, start, end, status
              code, dropped attributes, events and links, number of links, of events
              name, trace_state, status message, attributes
      then for each link
              trace id high and low half, span id (0 when malformed), flags,
              dropped_attributes_count
              trace_state, attributes
      then for each event
              time, dropped_attributes_count
              name, attributes
"""

import struct
from collections.abc import Iterable

from xxhash import xxh3_64_intdigest

_MASK = 0xFFFF_FFFF_FFFF_FFFF


def canonical(numbers: Iterable[int], texts: Iterable[str | None]) -> bytes:
    whole = [number & _MASK for number in numbers]
    parts = [struct.pack(f"<{len(whole)}Q", *whole)]
    for text in texts:
        encoded = (text or "").encode("utf-8", "surrogatepass")
        parts += (struct.pack("<I", len(encoded)), encoded)
    return b"".join(parts)


def content_hash(content: bytes) -> int:
    return xxh3_64_intdigest(content) & 0xFFFF_FFFF
