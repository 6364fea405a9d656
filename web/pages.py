"""The pages: parameters in, the API's objects through view models into templates.

Handlers block on the store, so they are plain functions, which run in worker threads.
Every page is complete without a script.
"""

from starlette.routing import Route

from web.destinations import pages as destination_pages
from web.flow_map import pages as map_pages
from web.monitoring import status_page
from web.report import pages as report_pages
from web.search import pages as search_pages
from web.waterfall import journey_pages, pieces


def page_routes() -> list[Route]:
    """All of them."""
    routers = (
        map_pages.router,
        destination_pages.router,
        journey_pages.router,
        pieces.router,
        report_pages.router,
        search_pages.router,
        status_page.router,
    )
    return [route for router in routers for route in router.routes]
