"""The pages: parameters in, the API's objects through view models into templates.

Handlers block on the store, so they are plain functions, which FastAPI runs in worker
threads. Every page is complete without a script.
"""

from fastapi import APIRouter

from web.destinations import pages as destination_pages
from web.flow_map import pages as map_pages
from web.monitoring import status_page
from web.report import pages as report_pages
from web.search import pages as search_pages
from web.waterfall import journey_pages, pieces


def pages_router() -> APIRouter:
    """All of them."""
    pages = APIRouter(include_in_schema=False)
    pages.include_router(map_pages.router)
    pages.include_router(destination_pages.router)
    pages.include_router(journey_pages.router)
    pages.include_router(pieces.router)
    pages.include_router(report_pages.router)
    pages.include_router(search_pages.router)
    pages.include_router(status_page.router)
    return pages
