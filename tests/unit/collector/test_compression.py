"""Inflating bodies of strangers."""

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.compression import CorruptBody, TooLarge, inflate


@given(st.binary(max_size=1000), st.integers(0, 9))
def test_what_gzip_packs_is_unpacked(body: bytes, level: int) -> None:
    assert inflate(gzip.compress(body, level), 1000) == body


def test_several_members_are_one_body() -> None:
    assert inflate(gzip.compress(b"one ") + gzip.compress(b"two"), 1000) == b"one two"


def test_the_limit_itself_passes_and_one_byte_more_does_not() -> None:
    body = bytes(200_000)
    assert inflate(gzip.compress(body), 200_000) == body
    with pytest.raises(TooLarge, match="199,999 bytes"):
        inflate(gzip.compress(body), 199_999)


def test_a_bomb_costs_no_more_than_the_limit() -> None:
    packer = zlib.compressobj(9, wbits=31)
    megabyte = bytes(1 << 20)
    bomb = b"".join(packer.compress(megabyte) for _ in range(300)) + packer.flush()
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            inflate(bomb, 4 << 20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"plain",
        gzip.compress(b"spans" * 100)[:-3],
        gzip.compress(b"spans") + b"more",
        gzip.compress(b"spans" * 100)[:20] + b"\xff" * 20,
        zlib.compress(b"spans"),
        gzip.compress(b"") * 1000,
    ],
    ids=["empty", "plain", "cut", "trailing", "damaged", "zlib", "members"],
)
def test_what_is_no_whole_gzip_stream_is_named(body: bytes) -> None:
    with pytest.raises(CorruptBody, match="gzip"):
        inflate(body, 10_000)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_with_a_sentence(body: bytes) -> None:
    with pytest.raises(CorruptBody):
        inflate(b"\x1f\x8b" + body, 10_000)
