"""What the script of a waterfall asks for piece by piece: rows, axis, the outline of all rows,
places of what is looked for, the reasons of one hand-over.

Part of the pages, no promise to programs. Every piece names the version of the picture that
the page shows; when there is no such picture any more the answer is 409, and the page offers
to be loaded again.
"""

import json
import re

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from web.api import json_response
from web.errors import NotFoundError, ParameterError
from web.frame import LONGEST_TEXT, hues_of, render_part
from web.parameters import Parameters, parse_span_id
from web.routing import Router
from web.site import Site
from web.waterfall.asked_picture import NAMES, AskedPicture, read_asked
from web.waterfall.axis_view import view_axis
from web.waterfall.drawing import view_rows
from web.waterfall.folding import tops_of_traces
from web.waterfall.journey_pages import attempts_of, open_picture, pictures_of
from web.waterfall.kept_pictures import ChangedError, KeptPicture
from web.waterfall.layout import Waterfall
from web.waterfall.looks import Look, read_look
from web.waterfall.matches import find_rows
from web.waterfall.relations import is_cut, view_reason
from web.words import cut_text

_MOST_ROWS = 600  # of one answer
_RANGE = re.compile(r"(\d{1,7})(?:-(\d{1,7}))?", re.ASCII)
_PICTURE = (*NAMES, "version", "scale", "zoom")

router = Router(prefix="/waterfall")


@router.get("/rows")
def rows(request: Request) -> Response:
    """Row numbers as `rows=240-360,900`; at most 600 rows."""
    given = Parameters(request.query_params, (*_PICTURE, "rows"))
    asked, look = read_asked(given), read_look(given)
    numbers = _read_rows(given)
    kept = _picture(request, asked, given)
    if kept is None:
        return _changed()
    fall = _fall(kept, look)
    numbers = [number for number in numbers if number < len(fall)]
    stored = kept.subject.stored
    views = view_rows(fall, numbers, stored, attempts_of(kept), hues_of(request), kept.critical)
    return render_part("rows.html", rows=views, traces=len(fall.traces), asked=asked)


@router.get("/axis")
def axis(request: Request) -> Response:
    """Axis and grid of another scale or part of the time."""
    given = Parameters(request.query_params, _PICTURE)
    asked, look = read_asked(given), read_look(given)
    kept = _picture(request, asked, given)
    if kept is None:
        return _changed()
    whole = kept.waterfall(true_scale=look.true_scale).scale
    return render_part("axis.html", fall=kept.fall, axis=view_axis(look.scale(whole), whole))


@router.get("/outline")
def outline(request: Request) -> Response:
    """All rows, little-endian: a text of JSON behind its length (uint32), padded to four
    bytes, then of each row how many it and those below it are (uint32), the trace (uint32),
    the service (uint16), and bits (uint8): 1 a span, 2 failed, 4 the first of its trace."""
    given = Parameters(request.query_params, _PICTURE)
    kept = _picture(request, read_asked(given), given)
    if kept is None:
        return _changed()
    return Response(_outline(kept.fall), media_type="application/octet-stream")


@router.get("/news")
def news(request: Request) -> Response:
    """Whether the page would be another one if it were loaded again."""
    given = Parameters(request.query_params, _PICTURE)
    now = open_picture(request, read_asked(given))
    return json_response({"changed": now.version != given.text("version")})


@router.get("/find")
def find(request: Request) -> Response:
    """Row numbers, in order: of what contains a text, or of one span."""
    given = Parameters(request.query_params, (*_PICTURE, "text", "span"))
    kept = _picture(request, read_asked(given), given)
    if kept is None:
        return _changed()
    span = given.text("span")
    if span is not None:
        wanted = parse_span_id(span)
        ids = kept.fall.picture.span_ids
        number = ids.index(wanted) if wanted in ids else None
        return json_response({"rows": [] if number is None else [kept.fall.rows_of[number]]})
    return json_response({"rows": find_rows(kept.fall, kept.subject.stored, given.text("text"))})


@router.get("/why")
def why(request: Request) -> Response:
    """How one connection is known."""
    given = Parameters(request.query_params, (*_PICTURE, "connection"))
    kept = _picture(request, read_asked(given), given)
    if kept is None:
        return _changed()
    connections = kept.subject.stored.connections
    text = given.text("connection") or ""
    if not (text.isascii() and text.isdigit() and len(text) < 8 and int(text) < len(connections)):
        raise NotFoundError("connection", "This picture has no such connection.")
    roots = {(each["trace_id"], each["span_id"]) for each in kept.subject.stored.orphans}
    chosen = connections[int(text)]
    reason = view_reason(chosen, cut=is_cut(chosen, roots))
    return render_part("why.html", reason=reason, members=[(int(text), reason)], others=0)


def _picture(request: Request, asked: AskedPicture, given: Parameters) -> KeptPicture | None:
    site: Site = request.app.state.site
    version = given.text("version") or ""
    try:
        return pictures_of(request).again(site.store, asked, version, site.settled_before())
    except ChangedError:
        return None


def _changed() -> Response:
    told = "More spans or answers have arrived since this page was opened."
    return json_response({"error": {"message": told, "parameter": "version"}}, 409)


def _fall(kept: KeptPicture, look: Look) -> Waterfall:
    whole = kept.waterfall(true_scale=look.true_scale)
    return whole.on(look.scale(whole.scale))


def _read_rows(given: Parameters) -> list[int]:
    numbers: list[int] = []
    for part in (given.text("rows") or "").split(","):
        found = _RANGE.fullmatch(part)
        if found is None:
            raise ParameterError("rows", "rows must be row numbers such as 0-119,300.")
        first, last = int(found[1]), int(found[2] or found[1])
        if last - first + len(numbers) >= _MOST_ROWS:
            raise ParameterError("rows", f"rows must be at most {_MOST_ROWS} rows.")
        numbers += range(first, last + 1)
    return numbers


def _outline(fall: Waterfall) -> bytes:
    picture = fall.picture
    services = [cut_text(name or "unknown service", LONGEST_TEXT) for name in picture.services]
    rows, spans = fall.span_rows()
    bits, row_services = np.zeros(len(fall), np.uint8), np.zeros(len(fall), np.uint16)
    failed = np.fromiter(picture.failed, np.uint8, len(picture))
    bits[rows] = 1 | 2 * failed[spans] | 4 * tops_of_traces(fall)[spans]
    service = np.fromiter(picture.service, np.int64, len(picture))
    row_services[rows] = np.minimum(service[spans], 0xFFFF)
    head = json.dumps({"rows": len(fall), "services": services, "traces": fall.traces}).encode()
    head += b" " * (-len(head) % 4)
    sizes, traces = (
        np.frombuffer(column, np.int64).astype("<u4") for column in (fall.sizes, fall.row_traces)
    )
    columns = (sizes, traces, row_services.astype("<u2"), bits)
    return b"".join([len(head).to_bytes(4, "little"), head, *(c.tobytes() for c in columns)])
