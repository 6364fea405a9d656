"""The orphan report, and the page of one of its groups."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from analyzer.breakages import STATES, State
from analyzer.causes import load_causes
from analyzer.rules import DRAWN
from storage.contract import ConnectionQuery, OrphanQuery, Page
from web.errors import NotFoundError
from web.frame import render
from web.journeys.candidates import connections_with_candidates
from web.journeys.trace import trace_answer
from web.overviews import overview, working
from web.parameters import Parameters, parse_span_id, parse_trace_id
from web.report.examples import (
    connected_example,
    find_group,
    find_sends,
    ids_of_orphans,
    orphans_of_group,
)
from web.report.filters import SHOWN, read_filter
from web.report.groups import OrphanFilter, groups_answer
from web.report.views import ORDERS, Order, Report, make_report, view_group
from web.routing import Router
from web.rows import connection_object, span_hex
from web.shapes import Group
from web.site import Site

_MOST = Page(1000)
_EXAMPLES = 20
STATE_WORDS: dict[State, str] = {
    "broken": "broken",
    "healed": "healed",
    "expected": "expected",
    "unsettled": "not settled yet",
}

router = Router()


def whole_report(site: Site) -> Report:
    """Of everything that is stored."""
    query = OrphanQuery(settled_before_unix_nano=site.settled_before())
    answer = groups_answer(site.store, OrphanFilter(query), _MOST)
    return make_report(answer["groups"], answer["summary"])


@router.get("/orphans")
def show_orphans(request: Request) -> Response:
    site: Site = request.app.state.site
    given = Parameters(request.query_params, (*SHOWN, "sort"))
    asked = read_filter(given, site.settled_before())
    order = given.word("sort", tuple(ORDERS)) or "newest"
    chosen = given.given(SHOWN)
    answer = overview(
        request,
        ("/orphans", *sorted(chosen.items())),
        lambda: groups_answer(site.store, asked, _MOST, narrow=True),
    )
    if answer is None:
        return working(request, "/orphans", "/api/v1/orphans/groups")
    groups = answer["groups"]
    return render(
        request,
        "orphans.html",
        "/orphans",
        report=make_report(
            groups, answer["summary"], order=order, folded=asked.state != "expected"
        ),
        order=order,
        orders=_order_links(chosen),
        trend=groups[0]["trend"] if groups else [],
        shown=len(groups),
        more=answer["next_cursor"] is not None,
        given={name: chosen.get(name, "") for name in SHOWN} | {"state": asked.state or ""},
        narrowed=bool(chosen.keys() - {"state"}),
        again=urlencode(chosen, errors="replace"),
        causes=[(each.code, each.title) for each in load_causes().values() if each.kind == "cause"],
        states=STATES,
        state_words=STATE_WORDS,
        services=site.store.services(),
    )


def _order_links(chosen: Mapping[str, str]) -> list[tuple[Order, str, str]]:
    """Order, its name, and the address of the same report in it."""
    links = []
    for order, name in ORDERS.items():
        asked = {**chosen} if order == "newest" else {**chosen, "sort": order}
        links.append((order, name, "/orphans?" + urlencode(asked, errors="replace")))
    return links


@router.get("/orphans/{key}")
def show_group(request: Request) -> Response:
    key = request.path_params["key"]
    Parameters(request.query_params, ())
    site: Site = request.app.state.site
    group = find_group(site, key)
    view = view_group(group)
    if key != view.key:  # asked by one of its roots
        return RedirectResponse(f"/orphans/{view.key}", 302)
    asked = {
        "cause": group["cause"]["code"],
        "service": group["consumer_service"],
        "destination": group["destination"],
    }
    orphans = orphans_of_group(site, group, _EXAMPLES)
    return render(
        request,
        "group.html",
        "/orphans",
        view=view,
        group=group,
        side=_side_of(group),
        example=connected_example(site, group),
        orphans=orphans,
        ids=ids_of_orphans(site.store, orphans),
        sends=find_sends(site.store, orphans),
        again=urlencode({name: text for name, text in asked.items() if text}, errors="replace"),
    )


@router.get("/candidates/{trace_id}/{span_id}")
def show_candidates(request: Request) -> Response:
    """Of an orphan root: the spans that may have sent its message."""
    trace_id, span_id = (request.path_params[name] for name in ("trace_id", "span_id"))
    Parameters(request.query_params, ())
    site: Site = request.app.state.site
    trace, span = parse_trace_id(trace_id), span_hex(parse_span_id(span_id))
    found = trace_answer(site.store, trace, site.settled_before())["trace"]["orphans"]
    orphan = next((each for each in found if each["span_id"] == span), None)
    if orphan is None:
        raise NotFoundError(
            "span_id", f"Span {span} is no orphan root: it is joined to what sent its message."
        )
    itself = span in find_sends(site.store, [orphan])
    query = ConnectionQuery(trace=trace, relation="stitch", min_confidence=0)
    rows = [] if itself else connections_with_candidates(site.store, query, _MOST).table.to_pylist()
    candidates = [
        each for each in map(connection_object, rows) if each["consumer"]["span_id"] == span
    ]
    return render(
        request,
        "candidates.html",
        "/orphans",
        orphan=orphan,
        itself=itself,
        candidates=sorted(candidates, key=lambda each: -each["confidence"]),
        drawn_from=DRAWN,
    )


def _side_of(group: Group) -> str:
    """Where its fix goes; "both" where nobody knows."""
    cause = load_causes().get(group["cause"]["code"])
    return cause.side if cause else "both"
