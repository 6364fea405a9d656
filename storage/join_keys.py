"""Keys that may join traces, as 64-bit hashes.

A key is a kind and some texts; its hash is the content id (BLAKE2b-64, big-endian) of
these joined by zero bytes. Equal hashes only make traces neighbours that the analyzer
looks at together; it compares the values themselves.
"""

from hashlib import blake2b

KINDS = {"message": 1, "sequence": 2, "correlation": 3, "work": 4}


def content_id(content: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big")


def hash_key(kind: str, *texts: str) -> int:
    return content_id("\0".join((kind, *texts)).encode("utf-8", "surrogatepass"))
