"""Where a ClickHouse store is: the parts of its URL."""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from storage.contract import StoreError

FORM = "clickhouse://USER:PASSWORD@HOST:8123/DATABASE?cluster=NAME"

_SCHEMES = {"clickhouse": 8123, "clickhouses": 8443}
# Names that need no quotes anywhere.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}")


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    secure: bool
    """TLS."""
    user: str
    password: str = field(repr=False)
    database: str
    cluster: str = ""
    """Name of the cluster that the tables are on; empty for one server."""

    def __str__(self) -> str:
        """Without secrets, for messages."""
        return f"{self.host}:{self.port}/{self.database}"


def parse_url(url: str) -> Address:
    """Raises StoreError, whose message never has the password in it."""
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
        port = parts.port or _SCHEMES[parts.scheme]
    except (ValueError, KeyError):
        raise StoreError(f"The store's URL is not of the form {FORM}.") from None
    if options.keys() - {"cluster"}:
        raise StoreError(f'The only option of a ClickHouse URL is "cluster": {FORM}.')
    return _address(parts, port, options.get("cluster", ""))


def _address(parts: SplitResult, port: int, cluster: str) -> Address:
    database = unquote(parts.path.strip("/")) or "tracestitch"
    if not parts.hostname or parts.fragment or not _NAME.fullmatch(database):
        raise StoreError(f"The store's URL is not of the form {FORM}.")
    if cluster and not _NAME.fullmatch(cluster):
        raise StoreError("A cluster's name has letters, digits, _ and - only.")
    return Address(
        host=parts.hostname,
        port=port,
        secure=parts.scheme == "clickhouses",
        user=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        database=database,
        cluster=cluster,
    )
