"""Asking the JSON API: of a running server, or of a store that no server holds."""

import asyncio
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import click

from storage.contract import StoreError
from storage.engines import open_store
from tracestitch.analysis import AnalysisLoop
from web.app import create_app

_TIMEOUT_SECONDS = 60

# Path and parameters -> HTTP status and body.
Get = Callable[[str, Mapping[str, str]], tuple[int, bytes]]


@contextmanager
def open_api(endpoint: str, data_dir: str | None) -> Iterator[Get]:
    """The API over the store of the directory if there is one, else the endpoint's.
    Raises ClickException when that cannot be had."""
    if data_dir is None:
        yield lambda path, parameters: _get_from_server(endpoint, path, parameters)
        return
    try:
        with closing(open_store(f"duckdb:{data_dir}")) as store:
            analysis = AnalysisLoop(store)
            while analysis.run_once():
                pass
            app = create_app(store)
            yield lambda path, parameters: asyncio.run(_get_from_app(app, path, parameters))
    except StoreError as error:
        raise click.ClickException(str(error)) from error


def ask(get: Get, path: str, parameters: Mapping[str, str]) -> Any:
    """The API's object. Raises ClickException with the API's own sentence."""
    status, body = get(path, parameters)
    try:
        answer = json.loads(body)
        if status == 200:
            return answer
        sentence = str(answer["error"]["message"])
    except (ValueError, KeyError, TypeError):
        sentence = f"The answer (HTTP status {status}) is not tracestitch's; look at --endpoint."
    raise click.ClickException(sentence)


def ask_for_all(get: Get, path: str, name: str) -> Any:
    """The API's object with all pages of its list."""
    answer = ask(get, path, {"limit": "1000"})
    while answer["next_cursor"] is not None:
        page = ask(get, path, {"limit": "1000", "cursor": answer["next_cursor"]})
        answer = page | {name: answer[name] + page[name]}
    return answer


def _get_from_server(endpoint: str, path: str, parameters: Mapping[str, str]) -> tuple[int, bytes]:
    url = f"{endpoint}{path}?{urllib.parse.urlencode(parameters)}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_TIMEOUT_SECONDS) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except (OSError, ValueError) as error:  # URLError is an OSError
        reason = getattr(error, "reason", error)
        raise click.ClickException(
            f"Nobody answers at {endpoint} ({getattr(reason, 'strerror', None) or reason}); "
            "start `tracestitch serve`, or name another --endpoint or a --data-dir."
        ) from error


async def _get_from_app(app: Any, path: str, parameters: Mapping[str, str]) -> tuple[int, bytes]:
    """One request to an ASGI application, without a socket."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": urllib.parse.urlencode(parameters).encode(),
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": None,
        "server": None,
    }
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])
