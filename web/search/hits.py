"""What of the stored spans a text in the search box names. All blocks on the store; the number
of look-ups is bounded by the number of correlation keys, and none reads attribute texts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from analyzer.ancestry import TraceId
from storage.contract import EndpointQuery, Page, SpanStore
from storage.queries import SearchQuery
from web.addresses import destination_address, journey_address, span_address
from web.answers import is_correlation_key
from web.rows import span_hex, trace_hex
from web.search.filters import usual_scan
from web.search.meanings import Meanings, sort_keys
from web.words import say_plural

_MOST_TRACES = 20


@dataclass(frozen=True, slots=True)
class Hit:
    what: str
    """Such as "trace id"."""
    name: str
    told: str
    address: str


@dataclass(frozen=True, slots=True)
class Lookup:
    hits: tuple[Hit, ...]
    tried: tuple[str, ...]
    """What was looked for, in words; with no hit, in vain."""


def find_hits(store: SpanStore, meanings: Meanings) -> Lookup:
    """Names of services and destinations are looked for only where no id is found."""
    tried: list[str] = []
    hits: dict[str, Hit] = {}
    for steps in (_IDS, _NAMES):
        for what, look in steps:
            found = list(look(store, meanings))
            if found or _is_tried(what, meanings):
                tried.append(what)
            for hit in found:
                hits.setdefault(hit.address, hit)
        if hits:
            break
    return Lookup(tuple(hits.values()), tuple(tried))


def _is_tried(what: str, meanings: Meanings) -> bool:
    """Whether the text could have been one."""
    applies: dict[str, object] = {
        _TRACE: meanings.traces or meanings.low_halves,
        _SPAN: meanings.spans,
        _ATTRIBUTE: meanings.attribute,
        _PLACE: meanings.places,
    }
    return bool(applies.get(what, True))


def _find_traces(store: SpanStore, meanings: Meanings) -> Iterator[Hit]:
    for trace, span in meanings.traces:
        if trace in _ids(store.traces_ending_in(trace[1]).to_pylist()):
            yield _trace_hit(store, trace, span)
    for low in meanings.low_halves:
        for trace in _ids(store.traces_ending_in(low).to_pylist())[:_MOST_TRACES]:
            yield _trace_hit(store, trace, None)


def _trace_hit(store: SpanStore, trace: TraceId, span: int | None) -> Hit:
    name = trace_hex(*trace)
    if span is not None and trace in _ids(store.traces_of_span(span).to_pylist()):
        return Hit(
            "span id", span_hex(span), f"in trace {name}", span_address(name, span_hex(span))
        )
    told = "" if span is None else f"its span {span_hex(span)} is not stored"
    return Hit("trace id", name, told, f"/journeys?trace_id={name}")


def _find_spans(store: SpanStore, meanings: Meanings) -> Iterator[Hit]:
    for span in meanings.spans:
        for trace in _ids(store.traces_of_span(span).to_pylist())[:_MOST_TRACES]:
            name = trace_hex(*trace)
            address = span_address(name, span_hex(span))
            yield Hit("span id", span_hex(span), f"in trace {name}", address)


def _find_attribute(store: SpanStore, meanings: Meanings) -> Iterator[Hit]:
    if meanings.attribute is None:
        return
    key, value = meanings.attribute
    if is_correlation_key(store, key):
        if count := store.spans_with_correlation(key, value).num_rows:
            yield Hit(key, value, say_plural(count, "span"), journey_address(key, value))
        return
    query = SearchQuery(attributes=((key, value),))
    if store.status().spans > usual_scan(query):
        told = "an attribute that is found by reading spans, the newest first"
        yield Hit(key, value, told, _search_address("attribute", f"{key}={value}"))
    elif store.search(query, Page(1)).table.num_rows:
        yield Hit(key, value, "an attribute", journey_address(key, value))


def _find_correlation(store: SpanStore, meanings: Meanings) -> Iterator[Hit]:
    """One key of those that carry this value in the same traces, and none whose traces another
    key has too: the message key of an order is no second thing beside the order."""
    keys: dict[frozenset[TraceId], str] = {}
    for key in sort_keys(store.correlation_keys()):
        spans = store.spans_with_correlation(key, meanings.text)
        keys.setdefault(frozenset(_ids(spans.to_pylist())), key)
    for traces, key in keys.items():
        if traces and not any(traces < more for more in keys):
            told = say_plural(len(traces), "trace")
            yield Hit(key, meanings.text, told, journey_address(key, meanings.text))


def _find_message(store: SpanStore, meanings: Meanings) -> Iterator[Hit]:
    yield from _message_hits(store, "message id", meanings.text, meanings.text)


def _find_places(store: SpanStore, meanings: Meanings) -> Iterator[Hit]:
    for topic, partition, offset in meanings.places:
        name = f"{topic}, partition {partition}, offset {offset}"
        yield from _message_hits(store, "Kafka record", name, f"{topic}.{partition}.{offset}")


def _message_hits(store: SpanStore, what: str, name: str, message: str) -> Iterator[Hit]:
    traces = store.traces_with_message(message, _MOST_TRACES + 1)
    if not traces.num_rows:
        return
    if traces.num_rows > _MOST_TRACES:
        told = f"more than {_MOST_TRACES} traces"
        address = _search_address("attribute", f"messaging.message.id={message}")
        yield Hit(what, name, told, address)
        return
    first = store.summaries_of(traces).to_pylist()[-1]
    trace = trace_hex(first["trace_hi"], first["trace_lo"])
    yield Hit(what, name, say_plural(traces.num_rows, "trace"), f"/journeys?trace_id={trace}")


def _find_services(store: SpanStore, meanings: Meanings) -> Iterator[Hit]:
    wanted = meanings.text.casefold()
    for name in store.services():
        if name.casefold() == wanted:
            yield Hit("service", name, "its traces", _search_address("service", name))


def _find_destinations(store: SpanStore, meanings: Meanings) -> Iterator[Hit]:
    found = store.endpoints(EndpointQuery(destination=meanings.text), 1).to_pylist()
    for row in found:
        name = row["destination"]
        told = "its producers, consumers and waits"
        yield Hit("destination", name, told, destination_address(None, None, name))


def _search_address(parameter: str, value: str) -> str:
    return f"/search?{parameter}={quote(value, safe='=', errors='replace')}"


def _ids(rows: list[dict[str, int]]) -> list[TraceId]:
    return sorted({(row["trace_hi"], row["trace_lo"]) for row in rows})


Look = Callable[[SpanStore, Meanings], Iterator[Hit]]
_TRACE, _SPAN, _ATTRIBUTE, _PLACE = "a trace id", "a span id", "an attribute", "a Kafka record"
_IDS: tuple[tuple[str, Look], ...] = (
    (_TRACE, _find_traces),
    (_SPAN, _find_spans),
    (_ATTRIBUTE, _find_attribute),
    (_PLACE, _find_places),
    ("a value of every correlation key", _find_correlation),
    ("a message id", _find_message),
)
_NAMES: tuple[tuple[str, Look], ...] = (
    ("a service", _find_services),
    ("a destination", _find_destinations),
)
