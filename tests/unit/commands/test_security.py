"""What is said aloud about listeners that others can reach."""

from pathlib import Path

import pytest

from tests.certificates import Authority
from tracestitch.config import Address
from tracestitch.security import Security, SecuritySettings
from tracestitch.tls import TlsFiles

LOCAL, WIDE = Address("127.0.0.1", 1), Address("0.0.0.0", 2)
TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    authority = Authority(tmp_path)
    server = authority.issue()
    return TlsFiles(server.cert, server.key, authority.ca)


def test_loopback_is_quiet_with_and_without_a_token() -> None:
    assert Security(SecuritySettings()).warn(LOCAL, LOCAL, LOCAL) is None
    assert Security(SecuritySettings(token=TOKEN)).warn(LOCAL, LOCAL, LOCAL) is None


def test_a_wide_listener_is_told_with_what_it_lacks(files: TlsFiles) -> None:
    plain = TlsFiles(files.cert, files.key, None)
    told = {
        "nothing": Security(SecuritySettings()).warn(WIDE, LOCAL, WIDE),
        "token": Security(SecuritySettings(token=TOKEN)).warn(WIDE, LOCAL, WIDE),
        "tls": Security(SecuritySettings(tls=plain)).warn(WIDE, LOCAL, WIDE),
        "mtls": Security(SecuritySettings(tls=files)).warn(WIDE, WIDE, WIDE),
    }

    assert all(line and line.startswith("ATTENTION: 0.0.0.0:2") for line in told.values())
    assert "without encryption or a token" in str(told["nothing"])
    assert "the token and the spans can be read on the way" in str(told["token"])
    assert "everybody may read and send" in str(told["tls"])
    assert "can be read from other machines by everybody" in str(told["mtls"])


def test_token_and_tls_are_enough_and_client_certificates_for_otlp_alone(files: TlsFiles) -> None:
    both = SecuritySettings(token=TOKEN, tls=TlsFiles(files.cert, files.key, None))

    assert Security(both).warn(WIDE, WIDE, WIDE) is None
    assert Security(SecuritySettings(tls=files)).warn(WIDE, WIDE, LOCAL) is None


def test_what_is_asked_for_is_described_without_the_token(files: TlsFiles) -> None:
    described = Security(SecuritySettings(token=TOKEN, tls=files)).describe()

    assert described is not None
    assert str(files.cert) in described
    assert TOKEN not in described
    assert Security(SecuritySettings()).describe() is None
