"""The pages: parameters in, the API's objects through view models into templates.

Handlers block on the store, so they are plain functions, which FastAPI runs in worker
threads. Every page is complete without a script.
"""

from fastapi import APIRouter

from web import (
    destination_pages,
    journey_pages,
    map_page,
    orphan_pages,
    search,
    status_page,
    waterfall_pages,
)


def pages_router() -> APIRouter:
    """All of them."""
    pages = APIRouter(include_in_schema=False)
    pages.include_router(map_page.router)
    pages.include_router(destination_pages.router)
    pages.include_router(journey_pages.router)
    pages.include_router(waterfall_pages.router)
    pages.include_router(orphan_pages.router)
    pages.include_router(search.router)
    pages.include_router(status_page.router)
    return pages
