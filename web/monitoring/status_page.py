"""The page about the server: what is stored, analysed and taken in, and where."""

from starlette.requests import Request
from starlette.responses import Response

from web.frame import render
from web.monitoring.measured import list_counters
from web.monitoring.running import read_running
from web.parameters import Parameters
from web.routing import Router
from web.site import Site

router = Router()


@router.get("/status")
def show_status(request: Request) -> Response:
    Parameters(request.query_params, ())
    site: Site = request.app.state.site
    return render(
        request,
        "status.html",
        "/status",
        running=read_running(site),
        counters=list_counters(site.measured()),
        otlp_http_address=site.otlp_http_address,
        web_address=str(request.base_url),
    )
