"""Which function answers which address.

A function that blocks on the store is a plain one and runs in a worker thread. Starlette
answers HEAD wherever it answers GET; here only what says so does.
"""

from collections.abc import Callable, Collection
from inspect import iscoroutinefunction
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


class Router:
    """Routes in the order in which they are looked through. The parts of a path in braces are
    given to its function by their names."""

    def __init__(self, prefix: str = "") -> None:
        self.routes: list[Route] = []
        self._prefix = prefix

    def get(self, path: str) -> Callable[[_Endpoint], _Endpoint]:
        return self.route(path, {"GET"})

    def post(self, path: str) -> Callable[[_Endpoint], _Endpoint]:
        return self.route(path, {"POST"})

    def route(self, path: str, methods: Collection[str]) -> Callable[[_Endpoint], _Endpoint]:
        def add(endpoint: _Endpoint) -> _Endpoint:
            route = Route(self._prefix + path, _answering(endpoint), methods=methods)
            route.methods = set(methods)
            self.routes.append(route)
            return endpoint

        return add


def _answering(endpoint: Callable[..., Any]) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        if iscoroutinefunction(endpoint):
            answered: Response = await endpoint(request, **request.path_params)
        else:
            answered = await run_in_threadpool(endpoint, request, **request.path_params)
        return answered

    return answer
