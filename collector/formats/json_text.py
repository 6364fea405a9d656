"""JSON text -> objects, whatever is nested how deeply in it."""

import json
import re
from typing import Any

# Python's parser gives up at about a thousand levels. A level of an OTLP value is three or
# four of JSON, so that what is deeper than this is far beyond what is kept of a value.
_DEEPEST = 400
# Of a string only that it is one: brackets in it do not count.
_TOKEN = re.compile(r'"(?>[^"\\]++|\\.)*+"|[][{}]', re.DOTALL)


def parse_json(text: str) -> Any:
    """Objects and lists nested too deeply are null. Raises ValueError for what is no JSON;
    JSONDecodeError says where, anything else is a number with too many digits."""
    try:
        return json.loads(text)
    except RecursionError:
        return json.loads(_cut_nesting(text))


def _cut_nesting(text: str) -> str:
    pieces: list[str] = []
    level = kept_to = 0
    for token in _TOKEN.finditer(text):
        bracket = text[token.start()]
        if bracket in "[{":
            level += 1
            if level == _DEEPEST + 1:
                pieces.append(text[kept_to : token.start()])
        elif bracket in "]}":
            if level == _DEEPEST + 1:
                pieces.append("null")
                kept_to = token.end()
            level -= 1
    if level <= _DEEPEST:  # else it ends inside what is cut, and is no JSON
        pieces.append(text[kept_to:])
    return "".join(pieces)
