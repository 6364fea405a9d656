"""TLS of the listeners from PEM files that may change while they run.

The OTLP listeners ask for a client certificate where --tls-client-ca is given; the web
one never does: browsers are let in by the token (docs/adr/0014).
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from collector.grpc_tls import Pem
from tracestitch.watched import UnusableFile, WatchedFiles, read_file

CERT, KEY, CLIENT_CA = "--tls-cert", "--tls-key", "--tls-client-ca"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    cert: Path
    key: Path
    client_ca: Path | None


@dataclass(frozen=True, slots=True, repr=False)
class _Loaded:
    pem: Pem
    otlp: ssl.SSLContext
    web: ssl.SSLContext


class Certificates:
    """The certificate, key and client authorities that hold at the moment."""

    def __init__(self, files: TlsFiles) -> None:
        """Raises UnusableFile that names the flag."""
        paths = [path for path in (files.cert, files.key, files.client_ca) if path is not None]
        self._watched = WatchedFiles(paths, lambda: _load(files))

    def pem(self) -> Pem:
        """For gRPC; the same object until something changed."""
        return self._watched.current().pem

    def otlp_context(self) -> ssl.SSLContext:
        return _NewestContext.of(lambda: self._watched.current().otlp)

    def web_context(self) -> ssl.SSLContext:
        return _NewestContext.of(lambda: self._watched.current().web)


class _NewestContext(ssl.SSLContext):
    """Hands every new connection to the newest context. One that is loaded anew would keep
    trusting what it trusted, and resume the sessions of clients that are no longer let in."""

    _newest: Callable[[], ssl.SSLContext]

    @classmethod
    def of(cls, newest: Callable[[], ssl.SSLContext]) -> "_NewestContext":
        context = cls(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context._newest = newest
        return context

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """What asyncio calls for each connection."""
        return self._newest().wrap_bio(*args, **kwargs)


def _load(files: TlsFiles) -> _Loaded:
    certificate = read_file(CERT, files.cert)
    key = read_file(KEY, files.key)
    client_ca = None if files.client_ca is None else read_file(CLIENT_CA, files.client_ca)
    check_certificates(CERT, files.cert, certificate)
    if files.client_ca is not None and client_ca is not None:
        check_certificates(CLIENT_CA, files.client_ca, client_ca)
    web = _context(files)
    otlp = _context(files)
    if client_ca is not None:
        otlp.verify_mode = ssl.CERT_REQUIRED
        otlp.load_verify_locations(cadata=client_ca.decode("ascii"))
    return _Loaded(Pem(certificate, key, client_ca), otlp, web)


def check_certificates(flag: str, path: Path, pem: bytes) -> None:
    """Raises UnusableFile."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=pem.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise UnusableFile(f"{flag} {path} holds no certificate in PEM form.") from error


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION  # each costs the server more than the client
    context.set_alpn_protocols(["http/1.1"])

    def refuse_to_ask() -> NoReturn:
        raise UnusableFile(f"{KEY} {files.key} is encrypted; give a key without a passphrase.")

    try:
        context.load_cert_chain(files.cert, files.key, password=refuse_to_ask)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            message = f"{KEY} {files.key} is not the key of {CERT} {files.cert}."
        else:
            message = f"{KEY} {files.key} holds no private key in PEM form for {CERT} {files.cert}."
        raise UnusableFile(message) from error
    except OSError as error:  # gone since it was read
        raise UnusableFile(f"{CERT} or {KEY} cannot be read ({error.strerror}).") from error
    return context
