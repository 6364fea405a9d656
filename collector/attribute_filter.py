"""Leaving attributes out of requests before anything of them is stored or logged.

On the request's protobuf and not on columns, so that every decoder, typed columns,
correlation ids and the request log know nothing of what was left out. A request that
names none of the keys costs a search of its bytes; only the others are parsed and
written anew.
"""

from collections.abc import Callable, Iterable
from typing import Any

from collector.python_decoder import parse_request

# Of one holder; copying all others is dearer below, and does not grow with the square above.
_FEW = 8

Filter = Callable[[bytes], bytes]


def drop_attributes(keys: Iterable[str]) -> Filter:
    """A function from request to request without the attributes of these names: those of
    resources, scopes, spans, links and events, not the keys inside of a value. It raises
    UndecodableRequest."""
    unwanted = frozenset(keys)
    needles = [key.encode() for key in unwanted]

    def drop(payload: bytes) -> bytes:
        if not any(needle in payload for needle in needles):
            return payload
        request = parse_request(payload)
        for resource_spans in request.resource_spans:
            _drop(resource_spans.resource.attributes, unwanted)
            for scope_spans in resource_spans.scope_spans:
                _drop(scope_spans.scope.attributes, unwanted)
                for span in scope_spans.spans:
                    _drop(span.attributes, unwanted)
                    for link in span.links:
                        _drop(link.attributes, unwanted)
                    for event in span.events:
                        _drop(event.attributes, unwanted)
        return request.SerializeToString()

    return drop


def _drop(attributes: Any, unwanted: frozenset[str]) -> None:
    """`attributes` is a repeated KeyValue; every one of a repeated name goes."""
    hits = [place for place, attribute in enumerate(attributes) if attribute.key in unwanted]
    if len(hits) <= _FEW:
        for place in reversed(hits):
            del attributes[place]  # moves what stands behind it
    else:
        gone = set(hits)
        kept = [attribute for place, attribute in enumerate(attributes) if place not in gone]
        del attributes[:]
        attributes.extend(kept)
