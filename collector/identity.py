"""64-bit content ids of resources, scopes and spans.

BLAKE2b with an 8-byte digest, big-endian, over a canonical byte string: the numbers as
little-endian 64-bit integers (signed; unsigned 64-bit values by their bits), then each
text as its UTF-8 length (32-bit little-endian) and bytes; absent texts are empty. The
order of fields is that of the calls in python_decoder.py; a decoder in another language
has to keep it.
"""

import struct
from collections.abc import Iterable
from hashlib import blake2b

_MASK = 0xFFFF_FFFF_FFFF_FFFF


def canonical(numbers: Iterable[int], texts: Iterable[str | None]) -> bytes:
    whole = [number & _MASK for number in numbers]
    parts = [struct.pack(f"<{len(whole)}Q", *whole)]
    for text in texts:
        encoded = (text or "").encode("utf-8", "surrogatepass")
        parts += (struct.pack("<I", len(encoded)), encoded)
    return b"".join(parts)


def content_id(content: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big")
