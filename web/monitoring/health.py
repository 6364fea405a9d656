"""What orchestrators and monitoring ask: /healthz, /readyz, /metrics."""

from starlette.requests import Request
from starlette.responses import Response

from storage.contract import StoreError
from web.kept import Kept
from web.monitoring.edge_figures import EdgeFigures, read_figures
from web.monitoring.metrics import CONTENT_TYPE, openmetrics_text
from web.routing import Router
from web.site import Site

router = Router()

# A scrape has ten seconds by default; figures that take longer come with the next one.
_PATIENCE_SECONDS = 2.0


@router.get("/healthz")
def healthz(request: Request) -> Response:
    """200 as long as the process answers and a restart is not the only help."""
    site: Site = request.app.state.site
    if site.store.broken:
        return Response("The store failed for good: restart.\n", 503, media_type="text/plain")
    return Response("ok\n", media_type="text/plain")


@router.get("/readyz")
def readyz(request: Request) -> Response:
    """200 when every listener accepts and the store can commit, else 503; why is told to
    who may read."""
    site: Site = request.app.state.site
    try:
        site.ready()
        site.store.check()
    except (StoreError, OSError, RuntimeError) as error:
        told = error if request.scope.get("known", True) else "not ready"
        return Response(f"{told}\n", 503, media_type="text/plain")
    return Response("ok\n", media_type="text/plain")


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Answers when the store cannot be read too, without what it would say."""
    site: Site = request.app.state.site
    store = site.store
    try:
        status = store.status()
    except StoreError:
        status = None
    kept: Kept[EdgeFigures] | None = request.app.state.edge_figures
    edges = None if kept is None else kept.get(lambda: read_figures(site), _PATIENCE_SECONDS)
    text = openmetrics_text(
        site.version, store.engine, status, store.usage(), site.measured(), edges
    )
    return Response(text, headers={"content-type": CONTENT_TYPE})
