"""The pages: parameters in, the API's objects through view models into templates.

Handlers block on the store, so they are plain functions, which FastAPI runs in worker
threads. Every page is complete without a script.
"""

from fastapi import APIRouter, Request, Response

from storage.contract import OrphanQuery, Page, SearchQuery
from web import answers, journey_pages, orphan_pages, search, waterfall_pages
from web.destinations import list_destinations
from web.edge_remarks import remarks_of
from web.errors import NotFoundError
from web.flowmap import draw_map
from web.frame import hues_of, render
from web.groups import OrphanFilter, groups_answer
from web.measured import list_counters
from web.orphan_pages import whole_report
from web.parameters import Parameters
from web.reports import view_group
from web.search import list_recent_ids
from web.search_answers import search_answer
from web.site import Site

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
    pages.include_router(journey_pages.router)
    pages.include_router(waterfall_pages.router)
    pages.include_router(orphan_pages.router)
    pages.include_router(search.router)
    return pages
