"""Which function answers which address.

As Starlette has it: a function that blocks on the store is a plain one and runs in a worker
thread, and where GET is answered HEAD is too.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from starlette.routing import Route

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


class Router:
    """Routes in the order in which they are looked through."""

    def __init__(self, prefix: str = "") -> None:
        self.routes: list[Route] = []
        self._prefix = prefix

    def get(self, path: str) -> Callable[[_Endpoint], _Endpoint]:
        return self._route(path, "GET")

    def post(self, path: str) -> Callable[[_Endpoint], _Endpoint]:
        return self._route(path, "POST")

    def _route(self, path: str, method: str) -> Callable[[_Endpoint], _Endpoint]:
        def add(endpoint: _Endpoint) -> _Endpoint:
            self.routes.append(Route(self._prefix + path, endpoint, methods=[method]))
            return endpoint

        return add
