"""Who may reach what: token, certificates and names of one server."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector.access import Gate
from collector.grpc_access import TokenInterceptor
from collector.grpc_tls import make_credentials
from collector.hosts import AllowedHosts
from tracestitch.config import Address
from tracestitch.tls import Certificates, TlsFiles
from tracestitch.tokens import open_tokens


@dataclass(frozen=True, slots=True)
class SecuritySettings:
    token_file: Path | None = None
    token: str | None = field(default=None, repr=False)
    tls: TlsFiles | None = None
    allowed_hosts: tuple[str, ...] = ()


class Security:
    """What the listeners of one server need of it."""

    def __init__(self, settings: SecuritySettings) -> None:
        """Raises UnusableFile, with a sentence that names the flag."""
        self._settings = settings
        tokens = open_tokens(settings.token_file, settings.token)
        self.gate = None if tokens is None else Gate(tokens)
        self._certificates = None if settings.tls is None else Certificates(settings.tls)

    def hosts(self, address: Address) -> AllowedHosts:
        return AllowedHosts(address.host, self._settings.allowed_hosts)

    def for_grpc(self) -> dict[str, Any]:
        """Arguments of `start_grpc`."""
        return {
            "credentials": None
            if self._certificates is None
            else make_credentials(self._certificates.pem),
            "interceptors": [TokenInterceptor(self.gate)] if self.gate else [],
        }

    def otlp_context(self) -> ssl.SSLContext | None:
        return None if self._certificates is None else self._certificates.otlp_context()

    def web_context(self) -> ssl.SSLContext | None:
        return None if self._certificates is None else self._certificates.web_context()

    @property
    def scheme(self) -> str:
        """Of the addresses that speak HTTP."""
        return "http" if self._certificates is None else "https"

    def describe(self) -> str | None:
        """What is asked of clients; None when nothing is."""
        parts = []
        if self._settings.tls is not None:
            parts.append(f"TLS with {self._settings.tls.cert}")
            if self._settings.tls.client_ca is not None:
                parts.append(f"OTLP clients with a certificate of {self._settings.tls.client_ca}")
        if self.gate is not None:
            parts.append("the token")
        return "asked for: " + ", ".join(parts) if parts else None

    def warn(self, *listening: Address) -> str | None:
        """What is open to other machines and should not be; None when all is well. The last
        address is that of the web."""
        tls, web = self._settings.tls, listening[-1]
        wide = [str(address) for address in listening if not address.is_loopback]
        if self.gate is None and tls is not None and tls.client_ca is not None:
            if web.is_loopback:
                return None
            return (
                f"ATTENTION: {web} can be read from other machines by everybody: client"
                " certificates are asked for by the OTLP listeners only. Give --token-file."
            )
        if not wide or (self.gate is not None and tls is not None):
            return None
        if self.gate is not None:
            advice = (
                "without encryption: the token and the spans can be read on the way. Give"
                " --tls-cert and --tls-key, or put a proxy before it that does TLS."
            )
        elif tls is not None:
            advice = (
                "encrypted, but without a token: everybody may read and send. Give --token-file."
            )
        else:
            advice = (
                "without encryption or a token; let only those through that may read and"
                " send traces, or give --token-file and --tls-cert."
            )
        return f"ATTENTION: {', '.join(wide)} can be reached from other machines, {advice}"
