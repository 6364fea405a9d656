"""What a command shows to a server, and how it knows the server."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

import click

from collector.otlp_client import ClientTls
from tracestitch.config import token_of_environment
from tracestitch.tls import check_certificates
from tracestitch.tokens import client_token
from tracestitch.watched import UnusableFile, read_file


@dataclass(frozen=True, slots=True)
class ClientAccess:
    token: str | None = field(default=None, repr=False)
    tls: ClientTls | None = None
    """When TLS is spoken whatever the address says."""

    def tls_context(self) -> ssl.SSLContext:
        """For an https address."""
        ca = None if self.tls is None else self.tls.ca
        return ssl.create_default_context(cadata=None if ca is None else ca.decode("ascii"))


def open_client_access(
    token_file: Path | None,
    tls_ca: Path | None,
    tls_client_cert: Path | None = None,
    tls_client_key: Path | None = None,
) -> ClientAccess:
    """Reads the files. Raises ClickException that names the flag."""
    if (tls_client_cert is None) != (tls_client_key is None):
        raise click.UsageError("--tls-client-cert and --tls-client-key go together; give both.")
    named = {
        "--tls-ca": tls_ca,
        "--tls-client-cert": tls_client_cert,
        "--tls-client-key": tls_client_key,
    }
    try:
        token = client_token(token_file, token_of_environment())
        ca, certificate, key = (
            None if path is None else read_file(flag, path) for flag, path in named.items()
        )
        if tls_ca is not None and ca is not None:
            check_certificates("--tls-ca", tls_ca, ca)
    except UnusableFile as error:
        raise click.ClickException(str(error)) from error
    tls = None if ca is None and certificate is None else ClientTls(ca, certificate, key)
    return ClientAccess(token, tls)
