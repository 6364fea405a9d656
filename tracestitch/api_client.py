"""Asking the JSON API: of a running server, or of a store that no server holds."""

import asyncio
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click

from collector.decoding import make_decoder
from storage.contract import SpanStore, StoreError
from tracestitch.analysis import AnalysisLoop
from tracestitch.client_access import ClientAccess
from tracestitch.own_store import open_own_store
from web.app import create_app

_TIMEOUT_SECONDS = 60
# Nobody else waits for answers in this process, and they have to be whole on a slow machine.
_REMARKS_PATIENCE_SECONDS = 600.0

# Path and parameters -> HTTP status and body.
Get = Callable[[str, Mapping[str, str]], tuple[int, bytes]]


@contextmanager
def open_api(
    endpoint: str,
    data_dir: str | None,
    access: ClientAccess,
    correlation_keys: Sequence[str] = (),
) -> Iterator[Get]:
    """The API over the store of the directory if there is one, else the endpoint's.
    Raises ClickException when that cannot be had."""
    if data_dir is None:
        yield _Server(endpoint, access).get
        return
    try:
        with open_own_store(data_dir, make_decoder(correlation_keys)) as store:
            analysis = AnalysisLoop(store)
            while analysis.run_once():
                pass
            yield ask_in_process(store)
    except StoreError as error:
        raise click.ClickException(str(error)) from error


def ask_in_process(store: SpanStore) -> Get:
    """The API over an open store that is analysed."""
    app = create_app(store)
    app.state.remarks_patience_seconds = _REMARKS_PATIENCE_SECONDS
    return lambda path, parameters: asyncio.run(_get_from_app(app, path, parameters))


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


class _Server:
    """A running server's API."""

    def __init__(self, endpoint: str, access: ClientAccess) -> None:
        """Raises ClickException."""
        self._endpoint, self._token = endpoint, access.token
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if endpoint.startswith("https:"):
            handlers.append(urllib.request.HTTPSHandler(context=access.tls_context()))
        elif access.tls is not None:
            raise click.ClickException(
                f"--tls-ca is for an https address, and --endpoint is {endpoint}."
            )
        self._opener = urllib.request.build_opener(*handlers)

    def get(self, path: str, parameters: Mapping[str, str]) -> tuple[int, bytes]:
        url = f"{self._endpoint}{path}?{urllib.parse.urlencode(parameters)}"
        asked = urllib.request.Request(url)  # noqa: S310 - parse_url lets http and https through
        if self._token is not None:
            # never sent on to where a redirect leads
            asked.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            with self._opener.open(asked, timeout=_TIMEOUT_SECONDS) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 401:
                    raise self._failure("asks for its token; give --token-file") from error
                return error.code, error.read()
        except (OSError, ValueError) as error:  # URLError is an OSError
            reason = getattr(error, "reason", error)
            if isinstance(reason, ssl.SSLError):
                raise self._failure(f"cannot be trusted ({reason}); look at --tls-ca") from error
            told = getattr(reason, "strerror", None) or reason
            raise click.ClickException(
                f"Nobody answers at {self._endpoint} ({told}); "
                "start `tracestitch serve`, or name another --endpoint or a --data-dir."
            ) from error

    def _failure(self, what: str) -> click.ClickException:
        return click.ClickException(f"The server at {self._endpoint} {what}.")


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
