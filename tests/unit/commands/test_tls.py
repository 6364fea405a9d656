"""Certificates: what is refused, and with which sentence."""

import ssl
from pathlib import Path

import pytest

from collector.grpc_tls import make_credentials
from tests.certificates import Authority, encrypt_key
from tracestitch.tls import Certificates, TlsFiles
from tracestitch.watched import UnusableFile


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_contexts_speak_tls_1_2_at_least_and_only_otlp_asks_for_clients(
    authority: Authority,
) -> None:
    server = authority.issue()
    certificates = Certificates(TlsFiles(server.cert, server.key, authority.ca))
    otlp, web = certificates.otlp_context(), certificates.web_context()

    assert otlp.minimum_version == web.minimum_version == ssl.TLSVersion.TLSv1_2
    for context, asked in ((otlp, ssl.CERT_REQUIRED), (web, ssl.CERT_NONE)):
        made = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True).context
        assert made.verify_mode == asked
        assert made.minimum_version == ssl.TLSVersion.TLSv1_2
    assert make_credentials(certificates.pem)


def test_the_key_is_in_no_representation(authority: Authority) -> None:
    server = authority.issue()
    certificates = Certificates(TlsFiles(server.cert, server.key, None))

    assert "PRIVATE" not in repr(certificates.pem()) + repr(vars(certificates))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("cert missing", "--tls-cert {cert} cannot be read (No such file or directory)."),
        ("key missing", "--tls-key {key} cannot be read (No such file or directory)."),
        ("ca missing", "--tls-client-ca {ca} cannot be read (No such file or directory)."),
        ("cert garbage", "--tls-cert {cert} holds no certificate in PEM form."),
        ("cert binary", "--tls-cert {cert} holds no certificate in PEM form."),
        ("cert empty", "--tls-cert {cert} holds no certificate in PEM form."),
        ("cert is key", "--tls-cert {cert} holds no certificate in PEM form."),
        ("ca garbage", "--tls-client-ca {ca} holds no certificate in PEM form."),
        ("key garbage", "--tls-key {key} holds no private key in PEM form for --tls-cert {cert}."),
        ("key of another", "--tls-key {key} is not the key of --tls-cert {cert}."),
        ("key encrypted", "--tls-key {key} is encrypted; give a key without a passphrase."),
    ],
)
def test_files_that_cannot_be_used_are_one_sentence(
    damage: str, sentence: str, authority: Authority
) -> None:
    server = authority.issue()
    which, _, how = damage.partition(" ")
    file = {"cert": server.cert, "key": server.key, "ca": authority.ca}[which]
    match how:
        case "missing":
            file.unlink()
        case "garbage":
            file.write_text("hunter2")
        case "binary":
            file.write_bytes(b"\xff\0" * 100)
        case "empty":
            file.write_bytes(b"")
        case "is key":
            file.write_bytes(server.key.read_bytes())
        case "of another":
            file.write_bytes(authority.issue("other").key.read_bytes())
        case "encrypted":
            encrypt_key(file)

    with pytest.raises(UnusableFile) as raised:
        Certificates(TlsFiles(server.cert, server.key, authority.ca))
    assert str(raised.value) == sentence.format(cert=server.cert, key=server.key, ca=authority.ca)
