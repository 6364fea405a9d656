"""The search page, and where its box leads to."""

import re
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from storage.contract import Page, SearchQuery, SpanStore
from storage.correlation_keys import canonical_key
from web import answers
from web.addresses import journey_address, span_address
from web.errors import NotFoundError
from web.frame import hues_of, render
from web.parameters import Parameters
from web.rows import trace_hex
from web.site import Site

_RECENT = 12

router = APIRouter(include_in_schema=False)


def list_recent_ids(store: SpanStore) -> list[tuple[str, list[str]]]:
    """Recent values of the correlation keys that spans carry, those of work before those of
    messages."""
    keys = sorted(store.correlation_keys(), key=lambda key: (key.startswith("messaging."), key))
    return [(key, store.recent_correlation(key, _RECENT)) for key in keys]


@router.get("/search")
def show_search(request: Request) -> Response:
    given = Parameters(
        request.query_params,
        ("q", "attribute", "service", "name", "min_duration", "status", "from", "to", "cursor"),
    )
    site: Site = request.app.state.site
    asked = given.text("q")
    if asked is not None:
        target = _find(site.store, asked.strip())
        if target is not None:
            return RedirectResponse(target, 302)
    start, end = given.span_of_time()
    query = SearchQuery(
        attribute=given.attribute(),
        service=given.text("service"),
        name=given.text("name") or (asked.strip() if asked else None),
        status=given.word("status", ("ok", "error", "unset")),
        min_duration_nano=given.duration("min_duration"),
        start=start,
        end=end,
    )
    try:
        found = answers.search_answer(site.store, query, Page(50, given.text("cursor")))
    except NotFoundError:
        found = {"traces": [], "next_cursor": None}
    return render(
        request,
        "search.html",
        "/search",
        traces=found["traces"],
        next_cursor=found["next_cursor"],
        asked=asked,
        given={
            name: given.text(name) or ""
            for name in ("attribute", "service", "name", "min_duration", "status", "from", "to")
        },
        services=site.store.services(),
        recent=list_recent_ids(site.store),
        hues=hues_of(request),
        again=quote(str(request.query_params), safe="=&%+", errors="replace"),
    )


def _find(store: SpanStore, asked: str) -> str | None:
    """The page that the search box leads to; None when there is none."""
    if re.fullmatch(r"[0-9a-fA-F]{32}", asked) and int(asked, 16):
        return f"/journeys?trace_id={asked.lower()}"
    if re.fullmatch(r"[0-9a-fA-F]{16}", asked) and int(asked, 16):
        rows = store.traces_of_span(int(asked, 16)).to_pylist()
        if rows:
            return span_address(trace_hex(rows[0]["trace_hi"], rows[0]["trace_lo"]), asked.lower())
    key, separator, value = asked.partition("=")
    if separator and key and value:
        return journey_address(canonical_key(key.strip()) or key.strip(), value.strip())
    for known in store.correlation_keys():
        if store.spans_with_correlation(known, asked).num_rows:
            return journey_address(known, asked)
    return None
