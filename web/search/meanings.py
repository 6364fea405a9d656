"""What a text in the search box may mean. Pure: whether it is stored is asked elsewhere
(web/search/hits.py).

Forms: W3C `traceparent` (https://www.w3.org/TR/trace-context/), `X-Amzn-Trace-Id`
(https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html), `b3`
(https://github.com/openzipkin/b3-propagation), `uber-trace-id` of Jaeger, 64-bit ids in
decimal as Datadog shows them, places of Kafka records as clients and tools write them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from analyzer.ancestry import TraceId
from storage.correlation_keys import canonical_key

LONGEST = 4_000
_PAGES = re.compile(
    r"/(?:$|(?:orphans|journeys|search|destinations|sampling|causes|status)$"
    r"|(?:orphans|traces|causes)/[^/]+$|spans/[^/]+/[^/]+$)"
)
_TRACEPARENT = re.compile(r"(?<![0-9a-f])[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_XRAY = re.compile(r"(?<![0-9a-f-])1-([0-9a-f]{8})-([0-9a-f]{24})(?![0-9a-f])")
_XRAY_PARENT = re.compile(r"parent=([0-9a-f]{16})(?![0-9a-f])")
_B3 = re.compile(r"([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-[01d](?:-[0-9a-f]{16})?)?")
_UBER = re.compile(r"([0-9a-f]{1,32}):([0-9a-f]{1,16}):[0-9a-f]{1,16}:[0-9a-f]{1,2}")
_LONG_HEX = re.compile(r"(?<![0-9a-z])([0-9a-f]{32})(?![0-9a-z])")
_SHORT_HEX = re.compile(r"(?<![0-9a-z])([0-9a-f]{16})(?![0-9a-z])")
_UUID = re.compile(r"\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?")
_DECIMAL = re.compile(r"[1-9][0-9]{9,19}")
_PLACES = (
    re.compile(r"(.+)[/:](\d{1,9})[/:](\d{1,19})"),
    re.compile(r"(.+)-(\d{1,9})@(\d{1,19})"),
    re.compile(r"(.+)\[(\d{1,9})\][@:/]?(\d{1,19})"),
    re.compile(r"(.+)\.(\d{1,9})\.(\d{1,19})"),
)
_NAMED = re.compile(r"""(["']?)([^"'=:\s]+)\1:\s+(.+)|(["'])([^"'=:\s]+)\4\s*:\s*(.+)""", re.DOTALL)
_TRACE_WORDS = ("trace_id", "traceid", "trace.id", "trace", "trace-id", "dd.trace_id")
_SPAN_WORDS = ("span_id", "spanid", "span.id", "span", "span-id", "dd.span_id")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u200e\u200f"))
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "«": "»", "<": ">"}


@dataclass(frozen=True, slots=True)
class Meanings:
    """All that a text may mean, in the order in which it is tried."""

    text: str
    page: str | None = None
    """The address of one of our pages."""
    traces: tuple[tuple[TraceId, int | None], ...] = ()
    """Trace ids, with the span that was named beside one."""
    low_halves: tuple[int, ...] = ()
    """Of trace ids of which only 64 bits are known."""
    spans: tuple[int, ...] = ()
    attribute: tuple[str, str] | None = None
    places: tuple[tuple[str, int, int], ...] = ()
    """Topic, partition and offset."""


def sort_keys(keys: Iterable[str]) -> list[str]:
    """Correlation keys of work before those of messages."""
    return sorted(keys, key=lambda key: (key.startswith("messaging."), key))


def read_meanings(text: str) -> Meanings:
    text = _strip(text)
    attribute = _read_attribute(text)
    named = attribute[0].lower() if attribute else ""
    plain = text
    if attribute and named in (*_TRACE_WORDS, *_SPAN_WORDS):
        plain, attribute = attribute[1], None
    lower = plain.lower()
    pairs = list(dict.fromkeys(_read_pairs(text.lower())))
    if pairs:
        attribute = None  # the name of the header
    else:
        pairs = list(_read_mentions(text.lower()))
    bare = lower.removeprefix("0x")
    if _UUID.fullmatch(bare):
        bare = bare.strip("{}").replace("-", "")
    low_halves: list[int] = []
    spans: list[int] = []
    if re.fullmatch(r"[0-9a-f]{16}", bare):
        spans.append(int(bare, 16))
        pairs.append(((0, int(bare, 16)), None))  # a trace id of 64 bits
    elif re.fullmatch(r"[0-9a-f]{17,32}", bare):
        pairs.append((_halves(bare), None))  # some tools leave out zeros in front
    if _DECIMAL.fullmatch(plain) and int(plain) < 2**64:
        spans.append(int(plain))
        low_halves.append(int(plain))
    if named in _SPAN_WORDS:
        pairs, low_halves = [], []
    if named in _TRACE_WORDS:
        spans = []
    return Meanings(
        text=plain,
        page=_read_page(text),
        traces=tuple(dict.fromkeys(pair for pair in pairs if any(pair[0]))),
        low_halves=tuple(filter(None, dict.fromkeys(low_halves))),
        spans=tuple(filter(None, dict.fromkeys(spans))),
        attribute=attribute,
        places=tuple(_read_places(plain)),
    )


def _strip(text: str) -> str:
    """Without what comes along when it is copied out of a log or a ticket."""
    text = text[:LONGEST].translate(_INVISIBLE).strip().rstrip(",;").strip()
    while len(text) > 1 and _QUOTES.get(text[0]) == text[-1] and text[-1] not in text[1:-1]:
        text = text[1:-1].strip()
    return text


def _read_pairs(lower: str) -> Iterator[tuple[TraceId, int | None]]:
    """Traces and spans in headers."""
    for trace, span in _TRACEPARENT.findall(lower):
        yield _halves(trace), int(span, 16) or None
    for epoch, rest in _XRAY.findall(lower):
        parent = _XRAY_PARENT.search(lower)
        yield _halves(epoch + rest), int(parent[1], 16) if parent else None
    if (found := _B3.fullmatch(lower)) or (found := _UBER.fullmatch(lower)):
        yield _halves(found[1]), int(found[2], 16) or None


def _read_mentions(lower: str) -> Iterator[tuple[TraceId, int | None]]:
    """Ids in an address of another tool, or in a line of a log."""
    spans = _SHORT_HEX.findall(lower)
    for trace in dict.fromkeys(_LONG_HEX.findall(lower)):
        yield _halves(trace), int(spans[0], 16) if len(spans) == 1 else None


def _halves(digits: str) -> TraceId:
    number = int(digits, 16)
    return number >> 64, number & (2**64 - 1)


def _read_attribute(text: str) -> tuple[str, str] | None:
    """Out of key=value, `key: value`, or a line of JSON."""
    if text.startswith(("http://", "https://", "/")):
        return None
    if found := _NAMED.fullmatch(text):
        key, value = (found[2], found[3]) if found[2] else (found[5], found[6])
    else:
        key, _, value = text.partition("=")
    key, value = _strip(key), _strip(value)
    if not key or not value or len(key) > 300 or key.lower() in ("root", "traceparent", "b3"):
        return None
    return canonical_key(key) or key, value


def _read_page(text: str) -> str | None:
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    whole = parts.scheme in ("http", "https") and parts.netloc != ""
    local = not parts.scheme and not parts.netloc and text.startswith("/")
    if not (whole or local) or not _PAGES.match(unquote(parts.path) or "/"):
        return None
    if parts.path == "/search" and "q=" in parts.query:
        return None  # it would lead here again
    address = parts.path or "/"
    address += f"?{parts.query}" if parts.query else ""
    address += f"#{parts.fragment}" if parts.fragment else ""
    return quote(address, safe="/?#&=%+:,;@!~*'()[]-._$", errors="replace")


def _read_places(text: str) -> Iterator[tuple[str, int, int]]:
    if text.startswith(("http://", "https://")):
        return
    found = [match for form in _PLACES if (match := form.fullmatch(text))]
    for place in dict.fromkeys((m[1].strip(), int(m[2]), int(m[3])) for m in found):
        if place[0]:
            yield place
