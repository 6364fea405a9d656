"""Which names this server answers to.

A page of a foreign name can have that name resolved to 127.0.0.1 and then read, as its
own origin, whatever answers there (DNS rebinding). Its requests carry the foreign name.
"""

import ipaddress
import re
from collections.abc import Iterable

# RFC 3986, 3.2.2, without user and without percent signs.
_HOST = re.compile(r"(?:(?P<name>[\w.-]+)|\[(?P<ipv6>[0-9a-fA-F:.]+)\])(?::\d{0,5})?", re.ASCII)


class AllowedHosts:
    """For a listener bound to `bound`, a name or an address.

    On loopback: loopback addresses, localhost, the bound name and `names`. Elsewhere any,
    until `names` are given; then also addresses, which no foreign page can have as its own.
    """

    def __init__(self, bound: str, names: Iterable[str] = ()) -> None:
        given = frozenset(map(_normalise, names))
        self._names = given | {"localhost", _normalise(bound)}
        self._is_loopback = _is_loopback(bound)
        self._everything = not given and not self._is_loopback

    def admit(self, header: bytes) -> bool:
        """`header` is the value of Host: name or address, with or without a port."""
        found = _HOST.fullmatch(header.decode("latin-1").strip())
        if found is None:
            return False
        host = _normalise(found["name"] or found["ipv6"])
        if self._everything or host in self._names:
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return address.is_loopback or not self._is_loopback


def explain_host(header: bytes) -> str:
    """Why it was not admitted."""
    shown = header[:100].decode("ascii", "replace")
    return f"This server does not answer to the name {shown!r}; --allowed-host adds names."


def _normalise(name: str) -> str:
    return name.strip().lower().removesuffix(".")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return _normalise(host) == "localhost"
