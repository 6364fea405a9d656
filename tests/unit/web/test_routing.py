"""Addresses and the functions that answer them."""

import threading

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tests.web_client import WebClient
from web.routing import Router

router = Router(prefix="/under")


@router.get("/plain/{one}/{other}")
def plain(request: Request) -> Response:
    thread = threading.current_thread().name
    one, other = (request.path_params[name] for name in ("one", "other"))
    return PlainTextResponse(f"{one}|{other}|{request.query_params['q']}|{thread}")


@router.get("/awaited")
async def awaited(request: Request) -> Response:
    return PlainTextResponse(f"{request.method} {threading.current_thread().name}")


@router.post("/awaited")
def posted(request: Request) -> Response:
    return PlainTextResponse(request.method)


@pytest.fixture
def client() -> WebClient:
    return WebClient(Starlette(routes=list(router.routes)))


def test_a_plain_function_answers_on_a_worker_thread(client: WebClient) -> None:
    first, second, asked, thread = client.get("/under/plain/a%20b/c?q=d").text.split("|")
    assert (first, second, asked) == ("a b", "c", "d")
    assert thread != "MainThread"
    assert thread != client.get("/under/awaited").text.partition(" ")[2]


def test_one_path_may_have_a_function_for_each_method(client: WebClient) -> None:
    assert client.get("/under/awaited").text.startswith("GET ")
    assert client.request("POST", "/under/awaited").text == "POST"


def test_head_is_answered_where_get_is(client: WebClient) -> None:
    assert client.request("HEAD", "/under/awaited").status_code == 200
    assert client.request("PUT", "/under/awaited").status_code == 405
    assert client.get("/awaited").status_code == 404
