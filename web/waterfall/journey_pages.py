"""The pages of journeys, of traces, and of single spans.

Rows of the waterfall are made for the window that is shown; web/waterfall/pieces.py gives
the others.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from web.errors import NotFoundError
from web.frame import hues_of, render
from web.journeys.journey import FoundJourney
from web.parameters import Parameters, parse_span_id, parse_trace_id
from web.routing import Router
from web.rows import trace_hex
from web.site import Site
from web.waterfall.asked_picture import AskedPicture, read_asked
from web.waterfall.axis_view import view_axis, view_minimap
from web.waterfall.cast import Cast
from web.waterfall.drawing import view_rows
from web.waterfall.folding import folded_rows, named_rows, seen_rows
from web.waterfall.headings import name_once, name_work
from web.waterfall.kept_pictures import KeptPicture, KeptPictures
from web.waterfall.looks import NAMES, Look, read_look
from web.waterfall.not_seen_lines import view_not_seen
from web.waterfall.relations import group_reasons, is_cut, view_reason
from web.waterfall.sentences import tell_expected, tell_journey, tell_orphans, tell_trace

ROWS = 120  # of a page
_MOST_REASONS, _LOOKED_AT = 24, 480

router = Router()


@router.get("/journeys")
def show_journey(request: Request) -> Response:
    given = Parameters(request.query_params, ("attribute", "trace_id", *NAMES))
    asked, look = read_asked(given), read_look(given)
    kept = open_picture(request, asked)
    journey = kept.subject
    assert isinstance(journey, FoundJourney)  # noqa: S101 - no trace was asked for
    cast = Cast(journey.stored, kept.fall.picture)
    return render(
        request,
        "journey.html",
        "/search",
        journey=journey,
        sentence=tell_journey(journey, cast, kept.fall.queue_nano),
        missed=view_not_seen(journey, cast),
        named=name_work(journey.related) if journey.key is None else None,
        of_trace=trace_hex(*asked.trace_id) if asked.trace_id else "",
        related=name_once(journey.related),
        **_values(request, asked, look, kept),
    )


@router.get("/traces/{trace_id}")
def show_trace(request: Request) -> Response:
    trace_id = request.path_params["trace_id"]
    look = read_look(Parameters(request.query_params, NAMES))
    asked = AskedPicture(trace=parse_trace_id(trace_id))
    kept = open_picture(request, asked)
    sentence = tell_trace(trace_id.lower(), kept.subject.stored.connections)
    values = _values(request, asked, look, kept)
    return render(request, "trace.html", "/search", trace=kept.subject, sentence=sentence, **values)


@router.get("/spans/{trace_id}/{span_id}")
def show_span(request: Request) -> Response:
    """Everything about one span; with `part=true` only what the journey page shows of it."""
    trace_id, span_id = (request.path_params[name] for name in ("trace_id", "span_id"))
    given = Parameters(request.query_params, ("part",))
    wanted = parse_span_id(span_id)
    kept = open_picture(request, AskedPicture(trace=parse_trace_id(trace_id)))
    numbers = [n for n, given in enumerate(kept.fall.picture.span_ids) if given == wanted]
    if not numbers:
        raise NotFoundError("span_id", f"Trace {trace_id.lower()} has no span {span_id}.")
    stored = kept.subject.stored
    orphans = [orphan for orphan in stored.orphans if orphan["span_id"] == span_id.lower()]
    template = "span_part.html" if given.flag("part") else "span.html"
    spans = stored.spans_at(numbers)
    return render(request, template, "/search", spans=spans, orphans=orphans, hues=hues_of(request))


def pictures_of(request: Request) -> KeptPictures:
    pictures: KeptPictures = request.app.state.pictures
    return pictures


def open_picture(request: Request, asked: AskedPicture) -> KeptPicture:
    """As of now. Raises NotFoundError."""
    site: Site = request.app.state.site
    return pictures_of(request).open(site.store, asked, site.settled_before())


def _values(request: Request, asked: AskedPicture, look: Look, kept: KeptPicture) -> dict[str, Any]:
    """What both pages show."""
    site: Site = request.app.state.site
    stored, hues = kept.subject.stored, hues_of(request)
    whole = kept.waterfall(true_scale=look.true_scale)
    fall = whole.on(look.scale(whole.scale))
    folded = folded_rows(fall, look.fold)
    seen = seen_rows(fall, folded)
    first = min(look.row, max(len(seen) - 1, 0))
    numbers = seen[first : first + ROWS]
    picture = fall.picture
    orphans = stored.orphans_now(site.settled_before())
    roots = {(orphan["trace_id"], orphan["span_id"]) for orphan in stored.orphans}
    looked_at = stored.connections[:_LOOKED_AT]
    views = (view_reason(each, cut=is_cut(each, roots)) for each in looked_at)
    reasons = group_reasons(views)[:_MOST_REASONS]
    return {
        "asked": asked,
        "look": look,
        "version": kept.version,
        "fall": fall,
        "rows": view_rows(fall, numbers, stored, attempts_of(kept), hues, kept.critical, folded),
        "first": first,
        "seen": len(seen),
        "page_rows": ROWS,
        "fold_rows": named_rows(fall, look.fold),
        "axis": view_axis(fall.scale, whole.scale),
        "blocks": view_minimap(whole, hues),
        "reasons": reasons,
        "more_reasons": len(stored.connections) - sum(group.count for group in reasons),
        "broken": [orphan for orphan in orphans if not orphan["expected"]],
        "expected": [orphan for orphan in orphans if orphan["expected"]],
        "tell_orphans": tell_orphans,
        "tell_expected": tell_expected,
        "services": [
            picture.services[number] or "unknown service" for number in sorted(set(picture.service))
        ],
        "start": min(picture.start),
        "end": max(picture.end),
        "hues": hues,
    }


def attempts_of(kept: KeptPicture) -> list[Any]:
    """Of a journey; a single trace tells nothing of attempts."""
    return kept.subject.attempts if isinstance(kept.subject, FoundJourney) else []
