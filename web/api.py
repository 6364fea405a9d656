"""The JSON API under /api/v1 (docs/api.md): parameters in, answers out.

Every answer is a function of the stored spans; nothing here keeps state. Handlers
block on the store, so they are plain functions, which run in worker threads.
"""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from storage.contract import ConnectionQuery, Page
from storage.correlation_keys import canonical_key
from web import answers
from web.destinations.answers import choose_places, describe_destination, list_destinations
from web.errors import ParameterError
from web.flow_map.remarks import find_remarks
from web.journeys.journey import journey_of_attribute, journey_of_trace
from web.journeys.trace import trace_answer
from web.paging import slice_list
from web.parameters import Parameters, parse_trace_id
from web.report.filters import FILTERS, read_filter
from web.report.groups import OrphanFilter, groups_answer
from web.routing import Router
from web.search import filters as search_filters
from web.search.answers import journeys_and_traces, search_answer
from web.shapes import Group, Orphan
from web.site import Site
from web.spreadsheets import GROUP_COLUMNS, ORPHAN_COLUMNS, csv_response

PREFIX = "/api/v1"
_PAGE = ("limit", "cursor")
_TIME = ("from", "to")

router = Router(prefix=PREFIX)


def json_response(content: Mapping[str, Any], status_code: int = 200) -> Response:
    # ASCII: attribute texts may hold lone surrogates, which have no UTF-8 form
    body = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return Response(body, status_code, media_type="application/json")


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def _parameters(request: Request, *allowed: str) -> Parameters:
    return Parameters(request.query_params, allowed)


@router.get("/status")
def status(request: Request) -> Response:
    _parameters(request)
    return json_response(answers.status_answer(_site(request)))


@router.get("/connections")
def connections(request: Request) -> Response:
    given = _parameters(
        request,
        *("trace_id", "service", "destination", "relation", "candidates"),
        *(*_TIME, *_PAGE),
    )
    start, end = given.span_of_time()
    query = ConnectionQuery(
        trace=given.trace_id(),
        service=given.text("service"),
        destination=given.text("destination"),
        relation=given.word("relation", ("parent", "link", "stitch")),
        start=start,
        end=end,
    )
    candidates = given.flag("candidates") or False
    return json_response(
        answers.connections_answer(_site(request).store, query, given.page(), candidates=candidates)
    )


@router.get("/orphans")
def orphans(request: Request) -> Response:
    given = _parameters(request, "trace_id", *FILTERS, *_PAGE)
    site = _site(request)
    asked = read_filter(given, site.settled_before())
    return json_response(answers.orphans_answer(site.store, asked, given.page()))


@router.get("/orphans.csv")
def orphans_csv(request: Request) -> Response:
    site = _site(request)
    given = _parameters(request, "trace_id", *FILTERS)
    asked = read_filter(given, site.settled_before())

    def read(page: Page) -> tuple[list[Orphan], str | None]:
        answer = answers.orphans_answer(site.store, asked, page)
        return answer["orphans"], answer["next_cursor"]

    return csv_response("orphans.csv", ORPHAN_COLUMNS, read)


@router.get("/orphans/groups")
def orphan_groups(request: Request) -> Response:
    given = _parameters(request, *FILTERS, *_PAGE)
    site = _site(request)
    return json_response(groups_answer(site.store, _group_filter(given, site), given.page()))


@router.get("/orphans/groups.csv")
def orphan_groups_csv(request: Request) -> Response:
    site = _site(request)
    asked = _group_filter(_parameters(request, *FILTERS), site)

    def read(page: Page) -> tuple[list[Group], str | None]:
        answer = groups_answer(site.store, asked, page)
        return answer["groups"], answer["next_cursor"]

    return csv_response("orphan-groups.csv", GROUP_COLUMNS, read)


def _group_filter(given: Parameters, site: Site) -> OrphanFilter:
    if given.flag("settled") is False:
        raise ParameterError("settled", "settled must be true or absent: groups count all roots.")
    return read_filter(given, site.settled_before())


@router.get("/edges")
def edges(request: Request) -> Response:
    given = _parameters(request, *_PAGE)
    return json_response(
        answers.edges_answer(_site(request).store, given.page(), find_remarks(request))
    )


@router.get("/destinations")
def destinations(request: Request) -> Response:
    given = _parameters(request, *_TIME, *_PAGE)
    rows = slice_list(list_destinations(_site(request).store, given.span_of_time()), given.page())
    return json_response({"destinations": rows[0], "next_cursor": rows[1]})


@router.get("/destination")
def destination(request: Request) -> Response:
    """One of them: what is exactly so, else the only one that agrees in what is said."""
    given = _parameters(request, "system", "scope", "name", *_TIME)
    store, name, asked = _site(request).store, given.text("name"), given.span_of_time()
    if name is None:
        raise ParameterError("name", "Give the destination's name.")
    found = list_destinations(store, asked)
    places = choose_places(store, found, given.text("system"), given.text("scope"), name)
    if len(places) > 1:
        known = "; ".join(f"system {each['system']}, scope {each['scope']}" for each in places[:10])
        raise ParameterError("system", f"{len(places)} destinations have this name: {known}.")
    return json_response({"destination": describe_destination(store, places[0], asked)})


@router.get("/journeys")
def journeys(request: Request) -> Response:
    given = _parameters(request, "attribute", "trace_id")
    attribute, trace = given.attribute(), given.trace_id()
    site = _site(request)
    before = site.settled_before()
    if attribute is not None and trace is None:
        answer = journey_of_attribute(site.store, *attribute, before, site.usual)
    elif trace is not None and attribute is None:
        answer = journey_of_trace(site.store, trace, before, site.usual)
    else:
        raise ParameterError("attribute", "Give either attribute=key=value or trace_id.")
    return json_response(answer)


@router.get("/traces/{trace_id}")
def trace(request: Request) -> Response:
    trace_id = request.path_params["trace_id"]
    _parameters(request)
    site = _site(request)
    asked = parse_trace_id(trace_id)
    return json_response(trace_answer(site.store, asked, site.settled_before()))


@router.get("/search")
def search(request: Request) -> Response:
    given = Parameters(
        request.query_params, (*search_filters.FILTERS, "journeys", *_PAGE), ("attribute",)
    )
    store, query = _site(request).store, search_filters.read_search(given)
    scan = search_filters.read_scan(given)
    if given.flag("journeys"):
        return json_response(journeys_and_traces(store, query, given.page(), scan))
    return json_response(search_answer(store, query, given.page(), scan))


@router.get("/correlation")
def correlation(request: Request) -> Response:
    """Recent values of one key, or the keys that stored spans carry."""
    given = _parameters(request, "key", "limit")
    store = _site(request).store
    key = given.text("key")
    if key is None:
        return json_response({"keys": store.correlation_keys()})
    return json_response(
        answers.correlation_answer(store, canonical_key(key) or key, given.limit())
    )


@router.get("/services")
def services(request: Request) -> Response:
    _parameters(request)
    return json_response(answers.services_answer(_site(request).store))
