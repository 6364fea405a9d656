"""Requests that were recorded, or come to a port that belongs to many tests in turn."""

from io import BytesIO
from pathlib import Path

from collector.formats.errors import UnreadableContent
from collector.formats.reading import read_requests
from collector.python_decoder import parse_request


def keep_ended_since(request: bytes, unix_nano: int) -> tuple[bytes, int]:
    """The request without spans that ended before this time, and how many these were: spans
    of an earlier test may arrive late. Raises UndecodableRequest."""
    message = parse_request(request)
    left_out = 0
    for resource_spans in message.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            kept = [s for s in scope_spans.spans if s.end_time_unix_nano >= unix_nano]
            if len(kept) < len(scope_spans.spans):
                left_out += len(scope_spans.spans) - len(kept)
                del scope_spans.spans[:]
                scope_spans.spans.extend(kept)
    return (message.SerializeToString() if left_out else request), left_out


def read_recorded(recorded: bytes | str | Path) -> list[bytes]:
    """The requests of a file, or of its bytes, in any format of `tracestitch load`. Raises
    ValueError, OSError."""
    content = recorded if isinstance(recorded, bytes) else Path(recorded).read_bytes()
    try:
        return [request.payload for request in read_requests(BytesIO(content))]
    except UnreadableContent as error:
        what = "" if isinstance(recorded, bytes) else f"{recorded}, "
        raise ValueError(f"{what}{error}.") from error
