"""The orphan report, and the page of one of its groups."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from analyzer.breakages import STATES, State
from analyzer.causes import load_causes
from storage.contract import OrphanQuery, Page
from web.examples import connected_example, find_group, orphans_of_group
from web.filters import SHOWN, read_filter
from web.frame import render
from web.groups import OrphanFilter, groups_answer
from web.parameters import Parameters
from web.reports import Report, make_report, view_group
from web.shapes import Group
from web.site import Site

_MOST = Page(1000)
_EXAMPLES = 50
STATE_WORDS: dict[State, str] = {
    "broken": "broken now",
    "healed": "healed",
    "expected": "expected",
    "unsettled": "not settled yet",
}

router = APIRouter(include_in_schema=False)


def whole_report(site: Site) -> Report:
    """Of everything that is stored."""
    query = OrphanQuery(settled_before_unix_nano=site.settled_before())
    answer = groups_answer(site.store, OrphanFilter(query), _MOST)
    return make_report(answer["groups"], answer["summary"])


@router.get("/orphans")
def show_orphans(request: Request) -> Response:
    site: Site = request.app.state.site
    given = Parameters(request.query_params, SHOWN)
    asked = read_filter(given, site.settled_before())
    answer = groups_answer(site.store, asked, _MOST)
    chosen = given.given(SHOWN)
    return render(
        request,
        "orphans.html",
        "/orphans",
        report=make_report(answer["groups"], answer["summary"], folded=asked.state != "expected"),
        shown=len(answer["groups"]),
        more=answer["next_cursor"] is not None,
        given={name: chosen.get(name, "") for name in SHOWN} | {"state": asked.state or ""},
        narrowed=bool(chosen.keys() - {"state"}),
        again=urlencode(chosen, errors="replace"),
        causes=[(each.code, each.title) for each in load_causes().values() if each.kind == "cause"],
        states=STATES,
        state_words=STATE_WORDS,
        services=site.store.services(),
    )


@router.get("/orphans/{key}")
def show_group(request: Request, key: str) -> Response:
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
    return render(
        request,
        "group.html",
        "/orphans",
        view=view,
        group=group,
        side=_side_of(group),
        example=connected_example(site, group),
        orphans=orphans_of_group(site, group, _EXAMPLES),
        again=urlencode({name: text for name, text in asked.items() if text}, errors="replace"),
    )


def _side_of(group: Group) -> str:
    """Where its fix goes; "both" where nobody knows."""
    cause = load_causes().get(group["cause"]["code"])
    return cause.side if cause else "both"
