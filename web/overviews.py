"""Answers over everything that is stored, as pages show them: kept where very much is stored.

Below LARGE_SPANS they are worked out anew for each page, so that a page always shows what is
there; above, that would take longer than a page may.
"""

import time
from collections.abc import Callable, Hashable
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from web.frame import render
from web.kept import LARGE_SPANS, KeptAnswers
from web.site import Site

_AGAIN_SECONDS = "1"
_OLDEST_SECONDS = 60.0

_Value = TypeVar("_Value")


def overview(request: Request, asked: Hashable, work_out: Callable[[], _Value]) -> _Value | None:
    """None while it is worked out for the first time, or after a long while without readers:
    then the page says so (`working`). Raises what the work raises."""
    site: Site = request.app.state.site
    if site.store.status().spans < LARGE_SPANS:
        return work_out()
    kept: KeptAnswers[_Value] = request.app.state.overviews
    return kept.get(asked, work_out, patience_left(request), _OLDEST_SECONDS)


def patience_left(request: Request) -> float:
    """Seconds for which a page may still wait: for all that it waits for together."""
    if not hasattr(request.state, "waits_until"):
        request.state.waits_until = time.monotonic() + request.app.state.patience_seconds
    left: float = request.state.waits_until - time.monotonic()
    return max(left, 0.0)


def working(request: Request, section: str, json: str) -> Response:
    """A page that asks again by itself; `section` is where it stands in the navigation, `json`
    the address of the same answer for programs, who wait."""
    answer = render(request, "working.html", section, json=json)
    answer.headers["refresh"] = _AGAIN_SECONDS
    return answer
