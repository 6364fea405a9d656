"""Configuration: what flags and environment variables may say, checked once at the start.

Every flag has an environment variable `TRACESTITCH_<FLAG>`; a flag beats the variable.
Nothing else in the project reads the environment; what libraries find there
`library_settings` says.
"""

import ipaddress
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

LOG_FORMATS = ("text", "json")

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
TOKEN_VARIABLE = "TRACESTITCH_TOKEN"  # noqa: S105 - its name, not its value
# Less would be taken up by what has to be there at the same time: the log beside the file.
_SMALLEST_STORE = 200 * 10**6
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen or to connect. Port 0 takes any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def with_port(self, port: int) -> "Address":
        return replace(self, port=port)

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_address(text: str) -> Address:
    """HOST:PORT, an IPv6 address in brackets. Raises ValueError with what is allowed."""
    host, colon, port = text.strip().rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        valid = _is_ipv6(host)
    else:
        valid = re.fullmatch(r"[\w.-]+", host, re.ASCII) is not None
    if not (colon and valid and re.fullmatch(r"[0-9]{1,5}", port) and int(port) < 2**16):
        raise ValueError("an address is HOST:PORT, such as 127.0.0.1:4317 or [::1]:4317")
    return Address(host, int(port))


@dataclass(frozen=True, slots=True)
class OtlpEndpoint:
    """Where to send OTLP/gRPC to."""

    address: Address
    encrypted: bool = False


def parse_otlp_endpoint(text: str) -> OtlpEndpoint:
    """HOST:PORT, or an http or https address. Raises ValueError with what is allowed."""
    scheme, _, rest = text.strip().rpartition("://")
    if scheme not in ("", "http", "https"):
        raise ValueError("an endpoint is HOST:PORT or https://HOST:PORT")
    return OtlpEndpoint(parse_address(rest.removesuffix("/")), scheme == "https")


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def parse_duration(text: str) -> int:
    """Seconds. Raises ValueError with what is allowed."""
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", text.strip())
    if match is None and text.strip() != "0":
        raise ValueError("a duration is a whole number and s, m, h or d, such as 90s, 12h or 7d")
    return int(match[1]) * _SECONDS[match[2]] if match else 0


def parse_size(text: str) -> int:
    """Bytes; units are powers of ten. Raises ValueError with what is allowed."""
    match = re.fullmatch(r"([0-9]{1,9})([KMGT]?B)", text.strip().upper())
    if match is None and text.strip() != "0":
        raise ValueError("a size is a whole number and B, KB, MB, GB or TB, such as 500MB or 10GB")
    return int(match[1]) * _BYTES[match[2]] if match else 0


def parse_max_size(text: str) -> int:
    """Bytes. Raises ValueError with what is allowed."""
    size = parse_size(text)
    if 0 < size < _SMALLEST_STORE:
        raise ValueError("a store needs at least 200MB; 0 has no limit")
    return size


def parse_correlation_key(text: str) -> str:
    """The name of an attribute. Raises ValueError with what is allowed."""
    key = text.strip()
    if not key or "=" in key or len(key) > 256:
        raise ValueError(
            "a correlation key is the name of an attribute, without '=', such as order.id"
        )
    return key


def parse_attribute(text: str) -> str:
    """The name of an attribute, as it is sent. Raises ValueError with what is allowed."""
    if not text.strip() or len(text) > 1024:
        raise ValueError("the name of an attribute is text, such as http.request.header.cookie")
    return text.strip()


def parse_log_format(text: str) -> str:
    """Raises ValueError with what is allowed."""
    if text.strip().lower() not in LOG_FORMATS:
        raise ValueError(f"a log format is {' or '.join(LOG_FORMATS)}")
    return text.strip().lower()


def parse_host(text: str) -> str:
    """A name or an address without a port. Raises ValueError with what is allowed."""
    host = text.strip().removeprefix("[").removesuffix("]")
    if not (re.fullmatch(r"[\w.-]+", host, re.ASCII) or _is_ipv6(host)):
        raise ValueError("a host is a name or an address without a port, such as traces.example")
    return host


def parse_origin(text: str) -> str:
    """The origin of a page as browsers name it, or "*". Raises ValueError."""
    origin = text.strip().rstrip("/").lower()
    if origin != "*" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^\s/?#@*]+", origin):
        raise ValueError("an origin is SCHEME://HOST[:PORT], such as https://shop.example, or *")
    return origin


def parse_path(text: str) -> Path:
    """A file's path. Raises ValueError with what is allowed."""
    if not text or "\0" in text:
        raise ValueError("a file is named by its path")
    return Path(text)


def parse_url(text: str) -> str:
    """The http address of a server, without a slash at its end. Raises ValueError."""
    if not re.fullmatch(r"https?://[^\s/?#]+/?", text.strip()):
        raise ValueError("an endpoint is an http address, such as http://127.0.0.1:8080")
    return text.strip().rstrip("/")


class _Parsed(click.ParamType[Any]):
    """A flag's type by its parser; click adds the names of the flag and its variable."""

    name = "value"
    envvar_list_splitter = ","

    def __init__(self, parse: Callable[[str], object]) -> None:
        self._parse = parse

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(f'"{value}": {error}.', param, ctx)


def variable(flag: str) -> str:
    """The environment variable of a flag such as "--data-dir"."""
    return "TRACESTITCH_" + flag.removeprefix("--").replace("-", "_").upper()


def option(
    flag: str,
    parse: Callable[[str], object] = str,
    *,
    metavar: str,
    help: str,  # noqa: A002 - as click calls it
    default: str | None = None,
    multiple: bool = False,
) -> Callable[[Decorated], Decorated]:
    """A click option with its environment variable; several values there are separated
    by commas. `parse` raises ValueError with what is allowed."""
    return click.option(
        flag,
        type=_Parsed(parse),
        metavar=metavar,
        default=default,
        multiple=multiple,
        envvar=variable(flag),
        show_envvar=True,
        show_default=default is not None,
        help=help,
    )


_LISTENERS = (
    ("--grpc-address", "127.0.0.1:4317", "Where OTLP over gRPC is taken."),
    ("--http-address", "127.0.0.1:4318", "Where OTLP over HTTP is taken."),
    ("--web-address", "127.0.0.1:8080", "Where the pages and the API are served."),
)


def listening_addresses(command: Decorated) -> Decorated:
    """Adds the options that say where a server listens."""
    for flag, default, meaning in reversed(_LISTENERS):
        add = option(flag, parse_address, default=default, metavar="HOST:PORT", help=meaning)
        command = add(command)
    return command


_ACCESS = (
    ("--tls-cert", parse_path, "FILE", False, "TLS with this certificate and its chain (PEM)."),
    ("--tls-key", parse_path, "FILE", False, "The private key of --tls-cert (PEM)."),
    (
        "--tls-client-ca",
        parse_path,
        "FILE",
        False,
        "OTLP only from clients with a certificate of these authorities (PEM).",
    ),
    (
        "--allowed-host",
        parse_host,
        "NAME",
        True,
        "A further name that browsers may call this server by. Repeatable.",
    ),
)


def token_file(command: Decorated) -> Decorated:
    """Adds the option that names the file of the token."""
    meaning = f"The token is the file's first line; beats {TOKEN_VARIABLE}."
    return option("--token-file", parse_path, metavar="FILE", help=meaning)(command)


def client_options(command: Decorated) -> Decorated:
    """Adds the options of a command that asks a server."""
    meaning = "Trust a server with a certificate of these authorities (PEM)."
    return token_file(option("--tls-ca", parse_path, metavar="FILE", help=meaning)(command))


def client_certificate(command: Decorated) -> Decorated:
    """Adds the options of a command that may have to show who it is."""
    key = option("--tls-client-key", parse_path, metavar="FILE", help="Its private key (PEM).")
    cert = option(
        "--tls-client-cert", parse_path, metavar="FILE", help="A certificate to show (PEM)."
    )
    return cert(key(command))


def access_options(command: Decorated) -> Decorated:
    """Adds the options that say who may send and read."""
    for flag, parse, metavar, multiple, meaning in reversed(_ACCESS):
        add = option(flag, parse, metavar=metavar, multiple=multiple, help=meaning)
        command = add(command)
    return token_file(command)


def token_of_environment() -> str | None:
    """The token itself. There is no flag for it: everybody may list processes."""
    return os.environ.get(TOKEN_VARIABLE)


def environment_without_access() -> dict[str, str]:
    """For a server that asks for neither token nor certificates, whatever is set here."""
    asking = (TOKEN_VARIABLE, variable("--tls-"))
    return {name: value for name, value in os.environ.items() if not name.startswith(asking)}
