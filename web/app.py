"""The web application: JSON API, health, pages, static files, errors."""

import logging
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from collector.access import Gate
from collector.hosts import AllowedHosts
from storage.contract import SpanStore, StoreError
from web import api
from web.access import login
from web.access.guard import Guard
from web.access.sessions import Sessions
from web.errors import NotFoundError, ParameterError
from web.frame import STATIC, error_page, wants_page
from web.freshness import Flush, FreshReads
from web.headers import SECURITY, SecurityHeaders
from web.kept import Kept, KeptAnswers
from web.monitoring import health
from web.monitoring.measured import Measured
from web.pages import page_routes
from web.report import causes, sampling
from web.shapes import ErrorAnswer
from web.site import Site
from web.waterfall.kept_pictures import KeptPictures

_log = logging.getLogger(__name__)


def create_app(
    store: SpanStore,
    *,
    version: str = "0",
    decoder: str = "none",
    grace_seconds: float = 60.0,
    ready: Callable[[], None] = lambda: None,
    measured: Callable[[], Measured] = Measured,
    waiting_spans: Callable[[], int] = int,
    flush: Flush | None = None,
    otlp_grpc_address: str = "",
    otlp_http_address: str = "",
    rules_version: str = "",
    read_otherwise: Callable[[], bool] = bool,
    gate: Gate | None = None,
    hosts: AllowedHosts | None = None,
    shows: bool = True,
) -> Starlette:
    """The application over a store that the caller opens and closes.

    `ready` raises an exception with a sentence while a listener does not accept;
    `measured` gives what the server has counted, for /metrics. `waiting_spans`
    are acknowledged and not in the store yet; `flush` returns when they are. With a `gate`
    only who knows the token gets an answer, with `hosts` only who calls the server by one of
    its names. One that does not show anything has health and metrics only.
    """
    sessions = None if gate is None else Sessions(gate)
    app = Starlette(routes=_routes(shows=shows))
    app.state.site = Site(
        store=store,
        version=version,
        decoder=decoder,
        grace_nano=round(grace_seconds * 1e9),
        otlp_grpc_address=otlp_grpc_address,
        otlp_http_address=otlp_http_address,
        rules_version=rules_version,
        read_otherwise=read_otherwise,
        ready=ready,
        measured=measured,
        waiting_spans=waiting_spans,
        sessions=sessions,
    )
    app.state.edge_figures = Kept() if shows else None
    app.state.edge_remarks = Kept()
    app.state.remarks_patience_seconds = 2.0
    app.state.patience_seconds = 0.25
    app.state.stuck = Kept()
    app.state.overviews = KeptAnswers()
    app.state.pictures = KeptPictures(usual=app.state.site.usual)
    app.add_exception_handler(ParameterError, _bad_parameter)
    app.add_exception_handler(NotFoundError, _not_found)
    app.add_exception_handler(StoreError, _store_failed)
    app.add_exception_handler(HTTPException, _http_error if shows else _show_nothing)
    app.add_exception_handler(Exception, _failed)
    if flush is not None:
        app.add_middleware(FreshReads, flush=flush)
    app.add_middleware(Guard, gate=gate, sessions=sessions, hosts=hosts, refuse=_answer)
    app.add_middleware(SecurityHeaders)
    # Level 4 takes a third of the time of level 9, for a tenth more bytes.
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=4)
    return app


def _routes(*, shows: bool) -> list[BaseRoute]:
    found: list[BaseRoute] = [*login.router.routes, *health.router.routes]
    if shows:
        found += [*api.router.routes, *causes.router.routes, *sampling.router.routes]
        found += page_routes()
    return [*found, Mount("/static", StaticFiles(directory=STATIC, check_dir=False), name="static")]


def _show_nothing(_: Request, error: Exception) -> Response:
    told = "Pages and answers are served by a process with --role web; /metrics is here.\n"
    status = error.status_code if isinstance(error, HTTPException) else 500
    return Response(told, status, media_type="text/plain")


def _bad_parameter(request: Request, error: Exception) -> Response:
    return _answer(request, 400, str(error), getattr(error, "parameter", None))


def _not_found(request: Request, error: Exception) -> Response:
    return _answer(request, 404, str(error), getattr(error, "parameter", None))


def _store_failed(request: Request, error: Exception) -> Response:
    _log.error("%s %s: %s", request.method, request.url.path, error)
    return _answer(request, 503, str(error))


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentences = {404: f"There is nothing at {request.url.path}.", 405: "Only GET is answered here."}
    return _answer(request, status, sentences.get(status, str(error)))


def _failed(request: Request, _: Exception) -> Response:
    """The server's log has the traceback: Starlette raises the error again. It answers
    outside of all middleware, so the headers are set here."""
    answer = _answer(request, 500, "The server failed to answer. Its log says why.")
    answer.headers.update(SECURITY)
    return answer


def _answer(request: Request, status: int, message: str, parameter: str | None = None) -> Response:
    if wants_page(request):
        return error_page(request, status, message, parameter)
    answer: ErrorAnswer = {"error": {"message": message, "parameter": parameter}}
    return api.json_response(answer, status)
