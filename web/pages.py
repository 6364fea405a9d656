"""The pages: parameters in, the API's objects through view models into templates.

Handlers block on the store, so they are plain functions, which FastAPI runs in worker
threads. Every page is complete without a script.
"""

from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from storage.contract import OrphanQuery, Page, SearchQuery
from web import answers, orphan_pages, search
from web.destinations import list_destinations
from web.edge_remarks import remarks_of
from web.errors import NotFoundError, ParameterError
from web.flowmap import draw_map
from web.frame import hues_of, render
from web.groups import OrphanFilter, groups_answer
from web.journey_view import view_waterfall
from web.journeys import journey_of_attribute, journey_of_trace
from web.measured import list_counters
from web.orphan_pages import whole_report
from web.parameters import Parameters, parse_span_id, parse_trace_id
from web.reports import view_group
from web.rows import trace_hex
from web.search import list_recent_ids
from web.search_answers import search_answer
from web.sentences import tell_journey, tell_orphans, tell_trace
from web.site import Site
from web.traces import trace_answer

_ALL = Page(1000)
_LANGUAGES = ("Python", "Java", "Node.js", "Go", ".NET")

router = APIRouter(include_in_schema=False)


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


@router.get("/")
def show_map(request: Request) -> Response:
    Parameters(request.query_params, ())
    site = _site(request)
    if site.store.status().spans == 0:
        address = site.otlp_grpc_address or "127.0.0.1:4317"
        # reachable on all addresses: the reader's own host name is what exporters need
        address = address.replace("0.0.0.0", request.url.hostname or "127.0.0.1")  # noqa: S104
        return render(
            request,
            "empty.html",
            "/",
            address=address,
            languages=_LANGUAGES,
            scheme=request.scope["scheme"],
            token=site.sessions is not None,
        )
    edges = answers.edges_answer(site.store, _ALL, remarks_of(request))["edges"]
    report = whole_report(site)
    hues = hues_of(request)
    return render(
        request,
        "map.html",
        "/",
        flow=draw_map(edges, report.broken, hues),
        report=report,
        edges=edges,
        hues=hues,
        recent=list_recent_ids(site.store),
        newest=search_answer(site.store, SearchQuery(), Page(8))["traces"],
    )


@router.get("/journeys")
def show_journey(request: Request) -> Response:
    given = Parameters(request.query_params, ("attribute", "trace_id", "scale"))
    attribute, trace = given.attribute(), given.trace_id()
    true_scale = given.word("scale", ("true", "folded")) == "true"
    site = _site(request)
    if attribute is not None and trace is None:
        answer = journey_of_attribute(site.store, *attribute, site.settled_before())
        asked = f"attribute={quote('='.join(attribute), safe='=', errors='replace')}"
    elif trace is not None and attribute is None:
        answer = journey_of_trace(site.store, trace, site.settled_before())
        asked = f"trace_id={trace_hex(*trace)}"
    else:
        raise ParameterError("attribute", "Give either attribute=key=value or trace_id.")
    journey = answer["journey"]
    hues = hues_of(request)
    waterfall = view_waterfall(
        journey["spans"],
        journey["connections"],
        journey["orphans"],
        journey["attempts"],
        hues,
        true_scale=true_scale,
    )
    return render(
        request,
        "journey.html",
        "/search",
        journey=journey,
        waterfall=waterfall,
        true_scale=true_scale,
        asked=f"/journeys?{asked}",
        sentence=tell_journey(journey, waterfall.queue_nano),
        broken=[orphan for orphan in journey["orphans"] if not orphan["expected"]],
        tell_orphans=tell_orphans,
        services=sorted({span["service_name"] or "unknown service" for span in journey["spans"]}),
        hues=hues,
    )


@router.get("/traces/{trace_id}")
def show_trace(request: Request, trace_id: str) -> Response:
    given = Parameters(request.query_params, ("scale",))
    true_scale = given.word("scale", ("true", "folded")) == "true"
    site = _site(request)
    trace = trace_answer(site.store, parse_trace_id(trace_id), site.settled_before())["trace"]
    hues = hues_of(request)
    waterfall = view_waterfall(
        trace["spans"], trace["connections"], trace["orphans"], [], hues, true_scale=true_scale
    )
    return render(
        request,
        "trace.html",
        "/search",
        trace=trace,
        waterfall=waterfall,
        true_scale=true_scale,
        asked=f"/traces/{trace['trace_id']}",
        sentence=tell_trace(trace["spans"], trace["connections"]),
        broken=[orphan for orphan in trace["orphans"] if not orphan["expected"]],
        tell_orphans=tell_orphans,
        services=sorted({span["service_name"] or "unknown service" for span in trace["spans"]}),
        hues=hues,
    )


@router.get("/spans/{trace_id}/{span_id}")
def show_span(request: Request, trace_id: str, span_id: str) -> Response:
    """Everything about one span; with `part=true` only what the journey page shows of it."""
    given = Parameters(request.query_params, ("part",))
    site = _site(request)
    parse_span_id(span_id)
    trace = trace_answer(site.store, parse_trace_id(trace_id), site.settled_before())["trace"]
    found = [span for span in trace["spans"] if span["span_id"] == span_id.lower()]
    if not found:
        raise NotFoundError("span_id", f"Trace {trace['trace_id']} has no span {span_id}.")
    orphans = [orphan for orphan in trace["orphans"] if orphan["span_id"] == span_id.lower()]
    template = "span_part.html" if given.flag("part") else "span.html"
    return render(request, template, "/search", spans=found, orphans=orphans, hues=hues_of(request))


@router.get("/destinations")
def show_destinations(request: Request) -> Response:
    given = Parameters(request.query_params, ("system", "scope", "name"))
    site = _site(request)
    edges = answers.edges_answer(site.store, _ALL, remarks_of(request))["edges"]
    views = list_destinations(edges)
    name = given.text("name")
    if name is None:
        return render(request, "destinations.html", "/destinations", destinations=views)
    system, scope = given.text("system"), given.text("scope")
    chosen = [
        view
        for view in views
        if view.name == name and system in (None, view.system) and scope in (None, view.scope)
    ]
    if not chosen:
        raise NotFoundError("name", f"No stored message went through a destination named {name}.")
    query = OrphanQuery(destination=name, settled_before_unix_nano=site.settled_before())
    groups = groups_answer(site.store, OrphanFilter(query), _ALL)["groups"]
    return render(
        request,
        "destination.html",
        "/destinations",
        chosen=chosen,
        hues=hues_of(request),
        groups=[view_group(group) for group in groups],
    )


@router.get("/status")
def show_status(request: Request) -> Response:
    Parameters(request.query_params, ())
    site = _site(request)
    problem = None
    try:
        site.ready()
        site.store.check()
    except Exception as error:  # noqa: BLE001 (the page is about whatever is wrong)
        problem = str(error)
    return render(
        request,
        "status.html",
        "/status",
        problem=problem,
        counters=list_counters(site.measured()),
        web_address=str(request.base_url),
    )


def pages_router() -> APIRouter:
    """These pages, the report and the search."""
    pages = APIRouter(include_in_schema=False)
    pages.include_router(router)
    pages.include_router(orphan_pages.router)
    pages.include_router(search.router)
    return pages
