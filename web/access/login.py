"""Logging in and out: a form that takes the token and gives a session."""

from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from collector.access import WRONG
from web.access.cookies import clear_cookie, read_cookie, set_cookie
from web.frame import render_alone
from web.routing import Router
from web.site import Site

_MOST_BYTES = 16 * 1024

router = Router()


@router.get("/login")
async def show_form(request: Request) -> Response:
    site: Site = request.app.state.site
    target = local_address(request.query_params.get("next", "/"))
    if site.sessions is None or request.scope["known"]:
        return RedirectResponse(target, 303)
    return _form(target, None, 200)


@router.post("/login")
async def log_in(request: Request) -> Response:
    site: Site = request.app.state.site
    fields = await _read_form(request)
    target = local_address(fields.get("next", "/"))
    if site.sessions is None:
        return RedirectResponse(target, 303)
    if fields == {} or is_cross_site(request):
        return _form(target, "The form could not be read; try again.", 400)
    name = site.sessions.start(fields.get("token", "").strip())
    if name is None:
        await site.sessions.hold_back()
        return _form(target, WRONG, 401)
    answer = RedirectResponse(target, 303)
    set_cookie(answer, request, name)
    return answer


@router.post("/logout")
async def log_out(request: Request) -> Response:
    site: Site = request.app.state.site
    answer = RedirectResponse("/login", 303)
    if site.sessions is not None and not is_cross_site(request):
        site.sessions.end(read_cookie(request))
        clear_cookie(answer, request)
    return answer


def local_address(asked: str) -> str:
    """The address on this server that was asked for, or "/": a link to the form must not
    lead elsewhere afterwards. Browsers read \\ as / and drop control characters."""
    plain = asked.startswith("/") and asked.isprintable() and "\\" not in asked
    if not plain or asked.startswith("//") or len(asked) > 4096:
        return "/"
    path = urlsplit(asked).path
    return "/" if path in ("/login", "/logout") else asked


def is_cross_site(request: Request) -> bool:
    """Whether a page of another origin had the browser send this. Where the browser does
    not say, by the name it was sent to."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host")


async def _read_form(request: Request) -> dict[str, str]:
    """The first value of each field; nothing when it is no small form."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            return {}
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=10, errors="replace")
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def _form(target: str, problem: str | None, status: int) -> Response:
    return render_alone("login.html", status, target=target, problem=problem)
