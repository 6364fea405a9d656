"""The search page, and where its box leads to."""

from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from storage.contract import Page, SpanStore
from storage.queries import SearchQuery
from web.errors import NotFoundError
from web.frame import hues_of, render
from web.parameters import Parameters
from web.routing import Router
from web.search.answers import journeys_and_traces
from web.search.filters import (
    ATTRIBUTES,
    FILTERS,
    LASTS,
    MUCH,
    PROBLEMS,
    STATUSES,
    Lately,
    read_last,
    read_scan,
    read_search,
    tell_search,
    usual_scan,
)
from web.search.hits import Lookup, find_hits
from web.search.meanings import read_meanings, sort_keys
from web.site import Site
from web.trace_shapes import JourneysAndTraces

_RECENT = 12
_TRACES = 30

router = Router()


def list_recent_ids(store: SpanStore) -> list[tuple[str, list[str]]]:
    """Recent values of the correlation keys that spans carry; one that several keys have, as
    an order id that is the record's key, stands at the first of them."""
    told: set[str] = set()
    found = []
    for key in sort_keys(store.correlation_keys()):
        values = [each for each in store.recent_correlation(key, _RECENT) if each not in told]
        told.update(values)
        if values:
            found.append((key, values))
    return found


@dataclass(frozen=True, slots=True)
class Again:
    """Addresses that ask the same once more, but for what is said."""

    query: tuple[tuple[str, str], ...]

    def page(self, **changed: str) -> str:
        return f"/search?{self._text(changed)}" if self._text(changed) else "/search"

    def json(self, start: int | None, end: int | None) -> str:
        times = {} if start is None else {"from": str(start), "to": str(end)}
        return f"/api/v1/search?{self._text({'journeys': 'true', 'last': '', 'q': '', **times})}"

    def _text(self, changed: dict[str, str]) -> str:
        kept = [(name, value) for name, value in self.query if name not in changed and value]
        kept += [(name, value) for name, value in changed.items() if value]
        return urlencode(kept, quote_via=quote, safe="=", errors="replace")


@router.get("/search")
def show_search(request: Request) -> Response:
    given = Parameters(request.query_params, ("q", "last", "cursor", *FILTERS), ATTRIBUTES)
    site: Site = request.app.state.site
    text = given.text("q")
    lookup: Lookup | None = None
    if text is not None:
        meanings = read_meanings(text)
        if meanings.page is not None:
            return RedirectResponse(meanings.page, 302)
        lookup = find_hits(site.store, meanings) if meanings.text else None
        if lookup is not None and len(lookup.hits) == 1:
            return RedirectResponse(lookup.hits[0].address, 302)
        if lookup is not None and lookup.hits:
            return render(
                request, "search_hits.html", "/search", asked=meanings.text, hits=lookup.hits
            )
    query = read_search(given)
    if text is not None and query.name_contains is None:
        query = replace(query, name_contains=read_meanings(text).text or None)
    lately = read_last(given, site.store.status(), site.clock())
    if lately is not None:
        query = replace(query, start=lately.start, end=lately.end)
    scan = read_scan(given) or usual_scan(query)
    found = _search(site.store, query, Page(_TRACES, given.text("cursor")), scan)
    return render(
        request,
        "search.html",
        "/search",
        found=found,
        asked=text,
        lookup=lookup,
        conditions=tell_search(query),
        scan=scan,
        much=scan * MUCH,
        lately=lately,
        lasts=LASTS,
        problems=PROBLEMS,
        statuses=STATUSES,
        again=_again(given, query, lately),
        given={name: given.text(name) or "" for name in ("last", *FILTERS)},
        attributes=given.texts("attribute"),
        first=given.text("cursor") is None,
        services=site.store.services(),
        recent=list_recent_ids(site.store),
        hues=hues_of(request),
    )


def _search(store: SpanStore, query: SearchQuery, page: Page, scan: int) -> JourneysAndTraces:
    try:
        return journeys_and_traces(store, query, page, scan)
    except NotFoundError:
        return {"journeys": [], "traces": [], "next_cursor": None, "searched_back_to": None}


def _again(given: Parameters, query: SearchQuery, lately: Lately | None) -> Again:
    names = (*FILTERS, *(("last",) if lately is not None else ()))
    kept = [("attribute", text) for text in given.texts("attribute")]
    kept += list(given.given(names).items())
    if given.text("q") is not None and query.name_contains is not None:
        kept.append(("name_contains", query.name_contains))
    return Again(tuple(dict.fromkeys(kept)))
