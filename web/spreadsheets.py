"""Lists as CSV (RFC 4180), written while they are read: header line, CRLF, UTF-8.

Names and texts come from whoever sends spans, and a spreadsheet runs a cell that begins like
a formula: such cells begin with an apostrophe instead
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from starlette.responses import StreamingResponse

from storage.contract import Page
from web.words import iso_time

_IDENTITY = ("environment", "service_namespace")
_HANDOVER = ("system", "destination", "scope")
_CAUSE = ("cause.code", "cause.title", "cause.confidence")
# Names as in the API's objects; a dot leads into an object and is `_` in the header.
ORPHAN_COLUMNS = (
    *("trace_id", "span_id", "start_time", *_IDENTITY, "service_name", "span_name"),
    *(*_HANDOVER, "consumer_group", "settled", "expected", *_CAUSE, "other_causes"),
    *("producer.trace_id", "producer.span_id", "cause.fix"),
)
GROUP_COLUMNS = (
    *("state", *_CAUSE, *_IDENTITY, "producer_service", *_HANDOVER, "consumer_service"),
    *("consumer_group", "expected", "count", "settled_count", "connected", "connected_before"),
    *("connected_between", "connected_after", "first_seen", "last_seen", "since_version"),
    *("good_version", "healed_since", "example.trace_id", "example.span_id", "fix"),
    *("other_causes_count", "silent_since"),
)
_TIMES = {
    "start_time": "start_time_unix_nano",
    **{name: name for name in ("first_seen", "last_seen", "healed_since", "silent_since")},
}
_PAGE_ROWS = 1000
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")

Read = Callable[[Page], tuple[Sequence[Mapping[str, Any]], str | None]]


def csv_response(file_name: str, columns: Sequence[str], read: Read) -> StreamingResponse:
    """Every page of objects that `read` gives, to the end. The first is read before the
    answer begins: what is wrong with it has its own status."""
    first = read(Page(_PAGE_ROWS))

    def objects() -> Iterator[Mapping[str, Any]]:
        part, after = first
        yield from part
        while after is not None:
            part, after = read(Page(_PAGE_ROWS, after))
            yield from part

    return StreamingResponse(
        write_csv(columns, objects()),
        media_type="text/csv; charset=utf-8; header=present",
        headers={"content-disposition": f'attachment; filename="{file_name}"'},
    )


def write_csv(columns: Sequence[str], objects: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Line by line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    header: Iterable[Sequence[str | int | float]] = [[name.replace(".", "_") for name in columns]]
    lines = ([_cell(each, name) for name in columns] for each in objects)
    for cells in chain(header, lines):
        writer.writerow(cells)
        # attribute texts may hold lone surrogates, which have no UTF-8 form
        yield text.getvalue().encode("utf-8", "replace")
        text.seek(0)
        text.truncate()


def _cell(found: Any, column: str) -> str | int | float:
    """Nothing where the object has none."""
    for name in _TIMES.get(column, column).split("."):
        found = None if found is None else found[name]
    if found is None:
        return ""
    if column in _TIMES:
        return iso_time(found)
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, list):
        found = " ".join(each["code"] for each in found)
    return f"'{found}" if isinstance(found, str) and found.startswith(_FORMULA) else found
