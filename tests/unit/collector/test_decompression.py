"""Decompressing bodies of strangers."""

import tracemalloc
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.compression import ENCODINGS, CorruptBody, TooLarge, decompress
from tests.packed import PACK, zstd

each_encoding = pytest.mark.parametrize("encoding", ENCODINGS)


@each_encoding
@given(body=st.binary(max_size=1000))
def test_what_is_packed_is_unpacked(body: bytes, encoding: str) -> None:
    assert decompress(PACK[encoding](body), encoding, 1000) == body


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_several_streams_are_one_body(encoding: str) -> None:
    packed = PACK[encoding](b"one ") + PACK[encoding](b"") + PACK[encoding](b"two")

    assert decompress(packed, encoding, 1000) == b"one two"


def test_a_deflate_body_is_one_stream() -> None:
    with pytest.raises(CorruptBody, match="Too much follows"):
        decompress(zlib.compress(b"one") + zlib.compress(b"two"), "deflate", 1000)


def test_a_frame_of_zstd_that_is_to_be_skipped_is_skipped() -> None:
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"later"  # RFC 8878, 3.1.2

    assert decompress(skippable + zstd.compress(b"spans"), "zstd", 1000) == b"spans"


@each_encoding
def test_the_limit_itself_passes_and_one_byte_more_does_not(encoding: str) -> None:
    body = bytes(200_000)

    assert decompress(PACK[encoding](body), encoding, 200_000) == body
    with pytest.raises(TooLarge, match="199,999 bytes"):
        decompress(PACK[encoding](body), encoding, 199_999)


@each_encoding
@pytest.mark.parametrize("streams", [1, 300])
def test_a_bomb_costs_no_more_than_the_limit(encoding: str, streams: int) -> None:
    bomb = PACK[encoding](bytes((300 // streams) << 20)) * streams
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge if streams == 1 or encoding != "deflate" else CorruptBody):
            decompress(bomb, encoding, 4 << 20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20


def test_a_window_of_zstd_that_would_take_much_memory_is_refused() -> None:
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    packed = packer.compress(bytes(1 << 20)) + packer.flush()

    with pytest.raises(CorruptBody, match="zstd"):
        decompress(packed, "zstd", 4 << 20)


def test_the_largest_window_of_exporters_is_taken() -> None:
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 25})
    packed = packer.compress(bytes(1 << 20)) + packer.flush()

    assert decompress(packed, "zstd", 4 << 20) == bytes(1 << 20)


@each_encoding
@pytest.mark.parametrize("flaw", ["empty", "plain", "cut", "trailing", "damaged", "other", "many"])
def test_what_is_not_wholly_of_its_encoding_is_named(flaw: str, encoding: str) -> None:
    packed = PACK[encoding](b"spans" * 100)
    bodies = {
        "empty": b"",
        "plain": b"plain text",
        "cut": packed[:-3],
        "trailing": packed + b"more",
        "damaged": packed[: len(packed) // 2] + b"\xff" * 40,
        "other": PACK["zstd" if encoding == "gzip" else "gzip"](b"spans"),
        "many": PACK[encoding](b"") * 1000,
    }
    with pytest.raises(CorruptBody, match=encoding):
        decompress(bodies[flaw], encoding, 10_000)


@each_encoding
@given(body=st.binary(max_size=300))
def test_any_bytes_are_taken_or_refused(body: bytes, encoding: str) -> None:
    magic = {"gzip": b"\x1f\x8b\x08", "zstd": b"\x28\xb5\x2f\xfd", "deflate": b"\x78"}[encoding]
    for tried in (body, magic + body):
        with suppress(CorruptBody, TooLarge):
            assert len(decompress(tried, encoding, 10_000)) <= 10_000
