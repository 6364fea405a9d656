"""The first page: the flow map and the state of the server, or how to send spans here."""

from starlette.requests import Request
from starlette.responses import Response

from storage.contract import Page, SearchQuery
from web.answers import edges_answer
from web.flow_map.drawing import draw_map
from web.flow_map.exporters import PROTOCOLS, Target, list_guides, reader_address
from web.flow_map.flows import (
    FIRST_DRAWN,
    MOST_DRAWN,
    choose_edges,
    collect_flows,
    rate_of,
)
from web.flow_map.remarks import remarks_of
from web.flow_map.reports import find_reports, place_of, report_of, unread_sends
from web.frame import hues_of, render
from web.monitoring.running import read_running
from web.overviews import overview, working
from web.parameters import Parameters
from web.report.pages import whole_report
from web.report.views import Report
from web.routing import Router
from web.search.answers import search_answer
from web.search.pages import list_recent_ids
from web.shapes import Edge
from web.site import Site
from web.trace_shapes import TraceSummary

_ALL = Page(1000)
_NEWEST = 8  # traces below the map

router = Router()


@router.get("/")
def show_map(request: Request) -> Response:
    """With `service` in focus on it; with `all=true` more than the broken and busiest."""
    given = Parameters(request.query_params, ("service", "all"))
    service, everything = given.text("service"), given.flag("all") or False
    site: Site = request.app.state.site
    if site.store.status().spans == 0:
        return _show_start(request, site)
    gathered = overview(request, "/", lambda: _gather(request, site))
    if gathered is None:
        return working(request, "/", "/api/v1/edges")
    edges, report, newest_traces = gathered
    unread = unread_sends([*report.broken, *report.healed], edges)[:FIRST_DRAWN]
    reports = find_reports(report.broken, [*edges, *unread])
    drawn = choose_edges(edges, reports, service, everything=everything)
    healed = find_reports(report.healed, [*edges, *unread])
    expected = find_reports(report.expected_edges, edges)
    flows = collect_flows(drawn, reports, healed, expected, unread)
    newest = place_of(report.broken[0].group) if report.broken else None
    hues = hues_of(request)
    return render(
        request,
        "map.html",
        "/",
        flow=draw_map(flows, hues, service, newest),
        report=report,
        running=read_running(site),
        edges=edges,
        listed=[
            (edge, *(report_of(edge, found) for found in (reports, healed, expected)))
            for edge in drawn
        ],
        drawn=len(drawn),
        most=MOST_DRAWN,
        everything=everything,
        service=service,
        rate_of=rate_of,
        hues=hues,
        recent=list_recent_ids(site.store),
        newest=newest_traces,
    )


def _gather(request: Request, site: Site) -> tuple[list[Edge], Report, list[TraceSummary]]:
    return (
        edges_answer(site.store, _ALL, remarks_of(request))["edges"],
        whole_report(site),
        search_answer(site.store, SearchQuery(), Page(_NEWEST))["traces"],
    )


def _show_start(request: Request, site: Site) -> Response:
    host = request.url.hostname
    target = Target(
        grpc=reader_address(site.otlp_grpc_address, 4317, host),
        http=reader_address(site.otlp_http_address, 4318, host),
        secure=request.scope["scheme"] == "https",
        token=site.sessions is not None,
        listens=site.takes_in,
    )
    return render(
        request, "empty.html", "/", target=target, guides=list_guides(target), protocols=PROTOCOLS
    )
