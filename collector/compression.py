"""Compressed bodies of strangers, with a bound on what comes out.

RFC 1952 (gzip), RFC 1950 (zlib, which HTTP calls deflate: RFC 9110, 8.4.1.2), RFC 8878
(zstd). They come out in small pieces, so that a bomb costs what the limit allows.
"""

import io
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_STEP = 64 * 1024
# gzip and zstd allow streams behind each other; each costs a fresh decompressor.
_MOST_STREAMS = 100
# 32 MiB: more than compressors in use ask for by default; it is allotted before the first
# byte comes out. RFC 9659 lets a receiver stop at 8 MiB.
_ZSTD_WINDOW_LOG = 25


class CorruptBody(ValueError):
    """What came is not wholly of its encoding. The message says what is wrong."""


class TooLarge(ValueError):
    """The request is above the limit. The message names it."""

    def __init__(self, limit: int, unit: str = "bytes") -> None:
        super().__init__(f"The request is larger than {limit:,} {unit}.")


class _Stream(Protocol):
    """One compressed stream, of a body that may hold several."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Pieces of at most _STEP bytes, until all of `data` is used or the stream has
        ended. Raises zlib.error, ZstdError."""
        ...

    @property
    def ended(self) -> bool: ...

    @property
    def behind(self) -> bytes:
        """What was fed and comes after the end."""
        ...


class _ZlibStream:
    def __init__(self, window_bits: int) -> None:
        self._stream = zlib.decompressobj(window_bits)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data and not self._stream.eof:
            yield self._stream.decompress(data, _STEP)
            data = self._stream.unconsumed_tail

    @property
    def ended(self) -> bool:
        return self._stream.eof

    @property
    def behind(self) -> bytes:
        return self._stream.unused_data


class _ZstdStream:
    def __init__(self) -> None:
        limits = {int(zstd.DecompressionParameter.window_log_max): _ZSTD_WINDOW_LOG}
        self._stream = zstd.ZstdDecompressor(options=limits)

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield self._stream.decompress(data, _STEP)
        while not (self._stream.eof or self._stream.needs_input):
            yield self._stream.decompress(b"", _STEP)

    @property
    def ended(self) -> bool:
        return self._stream.eof

    @property
    def behind(self) -> bytes:
        return self._stream.unused_data


@dataclass(frozen=True, slots=True)
class _Codec:
    begin: Callable[[], _Stream]
    most_streams: int


_CODECS: Mapping[str, _Codec] = {
    "gzip": _Codec(lambda: _ZlibStream(16 + zlib.MAX_WBITS), _MOST_STREAMS),
    "zstd": _Codec(_ZstdStream, _MOST_STREAMS),
    "deflate": _Codec(lambda: _ZlibStream(zlib.MAX_WBITS), 1),
}
ENCODINGS = tuple(_CODECS)
"""The Content-Encodings that `decompress` knows."""


def decompress(body: bytes, encoding: str, limit: int) -> bytes:
    """What a body of one of ENCODINGS holds. Stops at the limit, whatever it would grow to.

    Raises CorruptBody, TooLarge.
    """
    codec = _CODECS[encoding]
    stream, streams = codec.begin(), 1
    out = io.BytesIO()  # unlike bytes of a bytearray, its value is no second copy
    view = memoryview(body)
    try:
        for start in range(0, len(body), _STEP):
            rest = bytes(view[start : start + _STEP])
            while rest:
                if stream.ended:
                    stream, streams = codec.begin(), streams + 1
                    if streams > codec.most_streams:
                        raise CorruptBody(f"Too much follows the end of the {encoding} body.")
                for piece in stream.feed(rest):
                    if out.tell() + len(piece) > limit:
                        raise TooLarge(limit)
                    out.write(piece)
                rest = stream.behind
    except (zlib.error, zstd.ZstdError) as error:
        raise CorruptBody(f"The body is not {encoding}: {_told(error)}.") from error
    if not stream.ended:
        raise CorruptBody(f"The {encoding} body ends too early.")
    return out.getvalue()


def _told(error: Exception) -> str:
    return str(error).rstrip(".")
