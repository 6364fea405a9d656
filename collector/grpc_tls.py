"""TLS of the gRPC listener, whose certificate may change while it runs."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc


@dataclass(frozen=True, slots=True, repr=False)
class Pem:
    """A certificate with its chain, its private key, and the authorities whose clients
    are let in (None: clients show no certificate). All PEM."""

    certificate: bytes
    key: bytes
    client_ca: bytes | None


def make_credentials(current: Callable[[], Pem]) -> grpc.ServerCredentials:
    """gRPC asks `current`, from threads of its own, whenever somebody connects. TLS 1.2 is
    the least that it speaks."""
    lock, last = threading.Lock(), current()

    def fetch() -> Any:  # None keeps what is in use, which the stubs do not know
        nonlocal last
        with lock:
            pem = current()
            if pem is last:
                return None
            last = pem
        return _configuration(pem)

    return grpc.dynamic_ssl_server_credentials(
        _configuration(last), fetch, require_client_authentication=last.client_ca is not None
    )


def _configuration(pem: Pem) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration(
        [(pem.key, pem.certificate)], root_certificates=pem.client_ca
    )
