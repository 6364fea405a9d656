"""Asks an ASGI application in this process, without a socket."""

import asyncio
from collections.abc import Mapping

import httpx
from starlette.types import ASGIApp


class WebClient:
    """`get` as of httpx. An exception of a handler is answered as the server would."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def get(self, url: str, **params: str) -> httpx.Response:
        return self.request("GET", url, **params)

    def read(self, url: str) -> httpx.Response:
        """As a reader's browser asks."""
        return asyncio.run(self._request("GET", url, {}, {"accept": "text/html"}))

    def request(self, method: str, url: str, **params: str) -> httpx.Response:
        return asyncio.run(self._request(method, url, params, None))

    async def _request(
        self, method: str, url: str, params: dict[str, str], headers: Mapping[str, str] | None
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://web") as client:
            return await client.request(method, url, params=params or None, headers=headers)
