"""The session's cookie."""

from starlette.requests import Request
from starlette.responses import Response

from web.access.sessions import SESSION_SECONDS

# A browser takes a __Host- cookie over TLS only, and from this very host only.
_SECURE, _PLAIN = "__Host-tracestitch", "tracestitch"


def is_encrypted(request: Request) -> bool:
    """Whether the browser's connection is, as far as is known: a proxy may say so, and
    who lies about it only keeps a cookie from itself."""
    return "https" in (request.scope["scheme"], request.headers.get("x-forwarded-proto"))


def read_cookie(request: Request) -> str:
    """The session's name, or ""."""
    return request.cookies.get(_SECURE if is_encrypted(request) else _PLAIN, "")


def set_cookie(answer: Response, request: Request, name: str) -> None:
    _write(answer, request, name, SESSION_SECONDS)


def clear_cookie(answer: Response, request: Request) -> None:
    _write(answer, request, "", 0)


def _write(answer: Response, request: Request, value: str, seconds: int) -> None:
    secure = is_encrypted(request)
    answer.set_cookie(
        _SECURE if secure else _PLAIN,
        value,
        max_age=seconds,
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )
