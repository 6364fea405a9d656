"""The pages: parameters in, the API's objects through view models into templates.

Handlers block on the store, so they are plain functions, which FastAPI runs in worker
threads. Every page is complete without a script.
"""

from fastapi import APIRouter, Request, Response

from storage.contract import OrphanQuery, Page
from web import (
    answers,
    journey_pages,
    map_page,
    orphan_pages,
    search,
    status_page,
    waterfall_pages,
)
from web.destinations import list_destinations
from web.edge_remarks import remarks_of
from web.errors import NotFoundError
from web.frame import hues_of, render
from web.groups import OrphanFilter, groups_answer
from web.parameters import Parameters
from web.reports import view_group
from web.site import Site

_ALL = Page(1000)

router = APIRouter(include_in_schema=False)


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


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


def pages_router() -> APIRouter:
    """All of them."""
    pages = APIRouter(include_in_schema=False)
    pages.include_router(map_page.router)
    pages.include_router(router)
    pages.include_router(journey_pages.router)
    pages.include_router(waterfall_pages.router)
    pages.include_router(orphan_pages.router)
    pages.include_router(search.router)
    pages.include_router(status_page.router)
    return pages
