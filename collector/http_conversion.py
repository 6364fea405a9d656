"""Bodies as they came -> encoded protobuf, off the event loop.

Two threads decompress and one reads JSON, so that as many large bodies grow at a time.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from json import JSONDecodeError
from typing import Any

from google.protobuf.descriptor import Descriptor

from collector.compression import TooLarge, decompress
from collector.formats.json_text import parse_json
from collector.formats.otlp_json import MalformedJson, encode_otlp_json
from collector.http_answers import JSON
from collector.receiving import MAX_REQUEST_BYTES

# Each may take 150 bytes of memory and a microsecond. A batch of 8,192 spans with ten
# attributes each has half a million.
MAX_JSON_TOKENS = 2_000_000


class TooManyTokens(TooLarge):
    """JSON that would take too much memory and time."""

    def __init__(self) -> None:
        super().__init__(MAX_JSON_TOKENS, "commas and opening brackets of JSON")


class Converter:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="decompress")
        self._json_thread = ThreadPoolExecutor(1, thread_name_prefix="json")

    async def convert(
        self, body: bytes, media_type: str, encoding: str | None, request: Descriptor
    ) -> bytes:
        """`request` says what the JSON should be; protobuf is not looked into.

        Raises CorruptBody, TooLarge, MalformedJson.
        """
        loop = asyncio.get_running_loop()
        if media_type == JSON:
            return await loop.run_in_executor(
                self._json_thread, _read_json, body, encoding, request
            )
        if encoding is not None:
            return await loop.run_in_executor(
                self._threads, decompress, body, encoding, MAX_REQUEST_BYTES
            )
        return body


def _read_json(body: bytes, encoding: str | None, request: Descriptor) -> bytes:
    if encoding is not None:
        body = decompress(body, encoding, MAX_REQUEST_BYTES)
    if body.count(b"{") + body.count(b"[") + body.count(b",") > MAX_JSON_TOKENS:
        raise TooManyTokens
    return encode_otlp_json(_parse(body), request)


def _parse(body: bytes) -> Any:
    """Invalid UTF-8 is replaced, as in protobuf."""
    try:
        return parse_json(body.decode("utf-8-sig", "replace"))
    except JSONDecodeError as error:
        raise MalformedJson(f"the body is no JSON ({error})") from error
    except ValueError as error:
        raise MalformedJson("the body has a number with too many digits") from error
