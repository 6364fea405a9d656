"""The page about the server: what is stored, analysed and taken in, and where."""

from fastapi import APIRouter, Request, Response

from web.frame import render
from web.monitoring.measured import list_counters
from web.monitoring.running import read_running
from web.parameters import Parameters
from web.site import Site

router = APIRouter(include_in_schema=False)


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
