"""gzip, with a bound on what comes out."""

import zlib

_GZIP = 16 + zlib.MAX_WBITS
_STEP = 64 * 1024
_MOST_MEMBERS = 100  # RFC 1952 allows any number; each costs a fresh decompressor


class CorruptBody(ValueError):
    """What came is no whole gzip stream. The message says what is wrong."""


class TooLarge(ValueError):
    """The request is above the limit. The message names it."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request is larger than {limit:,} bytes.")


def inflate(body: bytes, limit: int) -> bytes:
    """The decompressed body. Stops at the limit, whatever the stream would grow to.

    Raises CorruptBody, TooLarge.
    """
    inflated, members = bytearray(), 1
    stream = zlib.decompressobj(_GZIP)
    view = memoryview(body)
    for start in range(0, len(body), _STEP):
        rest = bytes(view[start : start + _STEP])
        while rest:
            if stream.eof:
                stream, members = zlib.decompressobj(_GZIP), members + 1
                if members > _MOST_MEMBERS:
                    raise CorruptBody(f"The gzip body has more than {_MOST_MEMBERS} members.")
            try:
                inflated += stream.decompress(rest, min(_STEP, limit + 1 - len(inflated)))
            except zlib.error as error:
                raise CorruptBody(f"The body is not gzip: {error}.") from error
            if len(inflated) > limit:
                raise TooLarge(limit)
            rest = stream.unused_data if stream.eof else stream.unconsumed_tail
    if not stream.eof:
        raise CorruptBody("The gzip body ends too early.")
    return bytes(inflated)
