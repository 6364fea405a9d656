"""The destinations: all of them, and one with its clients, waits and what is stuck."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from analyzer.retry_topics import base_of
from storage.contract import OrphanQuery, Page
from storage.destination_reads import PLACE, Place
from storage.results import EDGE_KEY
from web.destinations.answers import (
    SENDS_LOOKED_AT,
    Range,
    choose_places,
    describe_destination,
    list_destinations,
    oldest_waiting,
)
from web.destinations.chart import draw_chart
from web.destinations.shapes import DestinationDetail, DestinationSummary
from web.destinations.states import Standings
from web.errors import ParameterError
from web.flow_map.remarks import remarks_of
from web.frame import hues_of, render
from web.kept import Kept
from web.overviews import overview, patience_left, working
from web.parameters import Parameters
from web.report.groups import OrphanFilter, groups_answer
from web.report.pages import whole_report
from web.report.views import GroupView, view_group
from web.routing import Router
from web.search.filters import LASTS, read_last
from web.shapes import EdgeNote
from web.site import Site

_TIMES = ("last", "from", "to")
# Of one name, which several systems and scopes may have.
_GROUPS = 1_000

router = Router()

Sort = Callable[[DestinationSummary], object]
# Words and order of the columns that the list can be sorted by; the largest first but for names.
SORTS: dict[str, tuple[str, Sort]] = {
    "name": ("Destination", lambda each: (each["destination"] or "").casefold()),
    "count": ("Deliveries", lambda each: -each["count"]),
    "connected": ("Connected", lambda each: each["connected"] / max(each["count"], 1)),
    "p50": ("Wait, median", lambda each: -(each["wait_p50_nano"] or 0)),
    "p95": ("95 %", lambda each: -(each["wait_p95_nano"] or 0)),
    "redeliveries": ("Redelivered", lambda each: -each["redeliveries"]),
    "dead": ("Dead letters", lambda each: -each["dead_letters"]),
}


@dataclass(frozen=True, slots=True)
class _Described:
    detail: DestinationDetail
    groups: tuple[GroupView, ...]


@router.get("/destinations")
def show_destinations(request: Request) -> Response:
    given = Parameters(request.query_params, ("system", "scope", "name", "sort", "filter", *_TIMES))
    site: Site = request.app.state.site
    lately = read_last(given, site.store.status(), site.clock())
    asked: Range = given.span_of_time() if lately is None else (lately.start, lately.end)
    sort = given.text("sort") or "count"
    if sort not in SORTS:
        raise ParameterError("sort", f"sort must be one of {', '.join(SORTS)}.")
    # A range that moves with the clock is asked for by its name.
    key = (given.text("last"), *given.span_of_time())
    found = overview(request, ("/destinations", *key), lambda: list_destinations(site.store, asked))
    common: dict[str, Any] = {
        "lately": lately,
        "lasts": LASTS,
        "given": {name: given.text(name) or "" for name in (*_TIMES, "filter", "sort")},
        "again": lambda **changed: _again(request, changed),
        "times": urlencode(
            {
                name: nano
                for name, nano in zip(("from", "to"), asked, strict=True)
                if nano is not None
            }
        ),
    }
    if found is None:
        return working(request, "/destinations", "/api/v1/destinations")
    name = given.text("name")
    if name is None:
        return _show_list(request, _narrow(found, given), found, sort, common)
    places = choose_places(site.store, found, given.text("system"), given.text("scope"), name)
    if len(places) > 1:
        return _show_list(request, places, places, sort, common)
    place = (places[0]["system"], places[0]["destination"], places[0]["scope"])
    one = overview(
        request, ("/destinations", *place, *key), lambda: _describe(site, places[0], asked)
    )
    if one is None:
        return working(request, "/destinations", "/api/v1/destinations")
    return render(
        request,
        "destination.html",
        "/destinations",
        it=one.detail,
        groups=one.groups,
        chart=draw_chart(one.detail["times"]),
        notes=_notes(request, place),
        dead_letter_queues=_dead_letter_queues(found, places[0]),
        looked_at=SENDS_LOOKED_AT,
        hues=hues_of(request),
        **common,
    )


def _show_list(
    request: Request,
    shown: list[DestinationSummary],
    found: list[DestinationSummary],
    sort: str,
    common: dict[str, Any],
) -> Response:
    site: Site = request.app.state.site
    report = overview(request, "report", lambda: whole_report(site))
    if report is None:
        return working(request, "/destinations", "/api/v1/destinations")
    stuck: Kept[dict[Place, tuple[int, int]]] = request.app.state.stuck
    waiting = stuck.get(lambda: oldest_waiting(site.store), patience_left(request))
    return render(
        request,
        "destinations.html",
        "/destinations",
        destinations=sorted(shown, key=SORTS[sort][1]),  # type: ignore[arg-type] # of one kind each
        total=len(found),
        standing_of=Standings(report).of,
        waiting_of=lambda each: _waiting(each, waiting and waiting[0]),
        newest=site.store.status().newest_unix_nano or 0,
        sort=sort,
        sorts={name: words for name, (words, _) in SORTS.items()},
        **common,
    )


def _waiting(
    each: DestinationSummary, found: dict[Place, tuple[int, int]] | None
) -> tuple[int, int] | None:
    return (found or {}).get(Place(each["system"], each["destination"], each["scope"]))


def _narrow(found: list[DestinationSummary], given: Parameters) -> list[DestinationSummary]:
    part = (given.text("filter") or "").casefold()
    system, scope = given.text("system"), given.text("scope")
    return [
        each
        for each in found
        if system in (None, each["system"])
        and scope in (None, each["scope"])
        and any(
            part in (name or "").casefold()
            for name in (
                each["destination"],
                each["system"],
                *each["producers"],
                *each["consumers"],
            )
        )
    ]


def _describe(site: Site, summary: DestinationSummary, asked: Range) -> _Described:
    query = OrphanQuery(
        destination=summary["destination"],
        settled_before_unix_nano=site.settled_before(),
        start=asked[0],
        end=asked[1],
    )
    groups = groups_answer(site.store, OrphanFilter(query), Page(_GROUPS))["groups"]
    own = [
        view_group(group)
        for group in groups
        if (group["system"], group["scope"]) == (summary["system"], summary["scope"])
    ]
    return _Described(describe_destination(site.store, summary, asked), tuple(own))


def _notes(
    request: Request, place: tuple[str | None, ...]
) -> list[tuple[str | None, str | None, EdgeNote]]:
    """Producer, consumer and remark of the edges over this destination."""
    found = []
    for edge, notes in sorted(remarks_of(request, patience_left(request)).notes.items(), key=str):
        named = dict(zip(EDGE_KEY, edge, strict=True))
        if tuple(named[name] for name in PLACE) == place:
            ends = named["producer_service_name"], named["consumer_service_name"]
            found += [(*ends, note) for note in notes]
    return found


def _dead_letter_queues(
    found: list[DestinationSummary], one: DestinationSummary
) -> list[DestinationSummary]:
    """Where dead letters were read from whose name says that they are this one's."""
    name = one["destination"]
    return [
        each
        for each in found
        if name and each["dead_letters"] and each["destination"] not in (None, name)
        if each["system"] == one["system"] and base_of(each["destination"]) == base_of(name)
    ]


def _again(request: Request, changed: dict[str, str]) -> str:
    """This page but for what is said; an empty value takes a parameter away."""
    kept = {**dict(request.query_params), **changed}
    query = {name: value for name, value in kept.items() if value}
    text = urlencode(query, quote_via=quote, errors="replace")
    return f"/destinations?{text}" if text else "/destinations"
