"""The frame of every page: templates, the state line, colours, and how pages are sent."""

import hashlib
import json
import threading
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import Response

from storage.contract import StoreError
from web import words
from web.addresses import destination_address, journey_address, span_address
from web.answers import status_answer
from web.compiled_templates import kept_beside_modules
from web.labels import LABELS, relabel
from web.site import Site

STATIC = Path(__file__).parent / "static"
# Letters of one text in a page, but for where all of it is to be read or copied.
LONGEST_TEXT = 4_000
_WHOLE = ("span.html", "span_part.html", "group.html", "cause.html", "empty.html")
_LINKS = (  # and the letter that goes there after "g"
    ("/", "Map", "m"),
    ("/orphans", "Orphans", "o"),
    ("/search", "Search", "s"),
    ("/destinations", "Destinations", "d"),
    ("/status", "Status", "t"),
)


@cache
def static_address(name: str) -> str:
    """With a digest of the content, so that browsers may keep it. Not for modules: their
    imports name one another without it, and a module under two names runs twice."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


@pass_context
def _bounded(context: Context, value: object) -> object:
    """Texts in a page are cut: a name may be a megabyte, and a page says it many times.
    Addresses are whole (web/addresses.py)."""
    if type(value) is str and context.name not in _WHOLE:
        return words.cut_text(value, LONGEST_TEXT)
    return value


def _environment() -> Environment:
    found = Environment(
        finalize=_bounded,
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # an upgrade in place must not mix with the process that runs
        # This file is the key of what is kept. Filters stand in others: what they give of
        # constants is not worked out when a template is compiled.
        bytecode_cache=kept_beside_modules(Path(__file__).read_bytes()),
        optimized=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(
        labels=LABELS,
        links=_LINKS,
        static=static_address,
        journey_address=journey_address,
        span_address=span_address,
        destination_address=destination_address,
    )
    found.filters.update(
        count=words.say_count,
        duration=words.say_duration,
        share=words.say_share,
        rate=words.say_rate,
        deliveries=words.say_deliveries,
        bytes=words.say_bytes,
        per_cent=lambda share: f"{100 * share:.2f}%",
        confidence=words.say_confidence,
        system=words.say_system,
        rule=words.say_rule,
        short=words.shorten_id,
        clock=lambda nano: words.clock_time(nano, datetime.now(UTC).year),
        value=words.say_value,
        iso=words.iso_time,
        plural=words.say_plural,
        raw_json=lambda value: json.dumps(value, indent=2, ensure_ascii=False),
    )
    return found


_templates = _environment()


@cache
def _prepare_other_pages() -> None:
    """For a reader who has come: the first of each page would wait for its templates. Half a
    second of CPU unless they are kept, which a server that nobody reads is spared."""
    with suppress(RuntimeError):  # no thread can be started; the page itself is done
        threading.Thread(target=compile_templates, name="templates", daemon=True).start()


def compile_templates() -> None:
    """All of them; also for who builds an image, so that they are kept in it."""
    for name in _templates.list_templates():
        _templates.get_template(name)


def render(
    request: Request, template: str, here: str, *, status_code: int = 200, **values: Any
) -> Response:
    """A page. `here` is the address of the link in the frame that is marked."""
    site: Site = request.app.state.site
    try:
        status = status_answer(site)
    except StoreError:
        status = None  # the page about it must still appear
    text = _templates.get_template(template).render(
        here=here,
        status=status,
        query=request.query_params.get("q", ""),
        session=request.scope.get("session", False),
        **values,
    )
    _prepare_other_pages()
    # attribute texts may hold lone surrogates, which have no UTF-8 form
    return Response(text.encode("utf-8", "replace"), status_code, media_type="text/html")


def render_part(template: str, **values: Any) -> Response:
    """A piece of a page."""
    return render_alone(template, 200, **values)


def render_alone(template: str, status_code: int, **values: Any) -> Response:
    """A page without the frame: it shows nothing of what is stored."""
    text = _templates.get_template(template).render(**values)
    return Response(text.encode("utf-8", "replace"), status_code, media_type="text/html")


def hues_of(request: Request) -> dict[str, int]:
    """Hue by service, the same on every page."""
    site: Site = request.app.state.site
    return dict(words.assign_hues(site.store.services()))


def wants_page(request: Request) -> bool:
    """Whether an error is shown as a page: a reader's browser asked, and not for the API."""
    machine = ("/api/", "/static/", "/healthz", "/readyz", "/metrics")
    return not request.scope["path"].startswith(machine) and "text/html" in request.headers.get(
        "accept", ""
    )


def error_page(request: Request, status_code: int, message: str, parameter: str | None) -> Response:
    return render(
        request,
        "error.html",
        "",
        status_code=status_code,
        code=status_code,
        message=relabel(message, parameter),
        parameter=parameter,
    )
