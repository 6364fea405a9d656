"""`tracestitch serve` with TLS: who gets in, and certificates that change."""

import shutil
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace.export import SpanExportResult

from collector.grpc_receiver import SERVICE
from tests.builders import request, span
from tests.certificates import Authority, Issued
from tests.flow.servers import RunningServer, run_command, run_serve, serving
from tests.flow.test_token import finished_span

RECORDING = Path(__file__).parents[2] / "sample_data/recordings/tutorial_healthy/spans.otlp.pb"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("strangers"), "stranger")


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[RunningServer]:
    """Asks OTLP clients for a certificate of the authority."""
    with serving(None, *flags_of(authority.issue()), f"--tls-client-ca={authority.ca}") as running:
        yield running


def flags_of(server: Issued) -> list[str]:
    return [f"--tls-cert={server.cert}", f"--tls-key={server.key}"]


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


def context_of(authority: Authority, client: Issued | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.ca)
    if client is not None:
        context.load_cert_chain(client.cert, client.key)
    return context


def try_grpc(server: RunningServer, authority: Authority, client: Issued | None) -> grpc.StatusCode:
    """How one export over TLS ends."""
    shown = (None, None) if client is None else (client.key.read_bytes(), client.cert.read_bytes())
    credentials = grpc.ssl_channel_credentials(authority.ca.read_bytes(), *shown)
    with grpc.secure_channel(server.grpc, credentials) as channel:
        export = channel.unary_unary(
            f"/{SERVICE}/Export", request_serializer=None, response_deserializer=None
        )
        try:
            export(request(span()), timeout=20)
        except grpc.RpcError as error:
            return error.code()
    return grpc.StatusCode.OK


def try_http(server: RunningServer, context: ssl.SSLContext) -> int:
    """The status of one export over TLS. Raises httpx.TransportError."""
    with httpx.Client(verify=context, trust_env=False, timeout=20) as client:
        return client.post(
            f"{server.http}/v1/traces",
            content=request(span()),
            headers={"content-type": "application/x-protobuf"},
        ).status_code


def get(server: RunningServer, authority: Authority, path: str) -> int:
    with httpx.Client(verify=context_of(authority), trust_env=False, timeout=20) as client:
        return client.get(f"{server.web}{path}").status_code


def test_the_lines_at_the_start_say_https_and_what_is_asked_for(
    server: RunningServer, authority: Authority
) -> None:
    assert server.http.startswith("https://127.0.0.1:")
    assert server.web.startswith("https://127.0.0.1:")
    assert str(authority.ca) in server.address("asked for: ")


def test_real_exporters_with_a_certificate_of_the_authority_get_in(
    server: RunningServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # requests prefers them
        monkeypatch.delenv(variable, raising=False)
    client = authority.issue("client")
    overgrpc = GrpcExporter(
        f"https://{server.grpc}",
        credentials=grpc.ssl_channel_credentials(
            authority.ca.read_bytes(), client.key.read_bytes(), client.cert.read_bytes()
        ),
    )
    overhttp = HttpExporter(
        f"{server.http}/v1/traces",
        certificate_file=str(authority.ca),
        client_certificate_file=str(client.cert),
        client_key_file=str(client.key),
    )

    assert overgrpc.export([finished_span()]) is SpanExportResult.SUCCESS
    assert overhttp.export([finished_span()]) is SpanExportResult.SUCCESS


def test_without_a_certificate_or_with_a_strangers_no_span_gets_in(
    server: RunningServer, authority: Authority, strangers: Authority
) -> None:
    stranger = strangers.issue("client")

    assert try_grpc(server, authority, None) is grpc.StatusCode.UNAVAILABLE
    assert try_grpc(server, authority, stranger) is grpc.StatusCode.UNAVAILABLE
    for client in (None, stranger):
        with pytest.raises(httpx.TransportError):
            try_http(server, context_of(authority, client))


def test_pages_and_api_ask_for_no_certificate(server: RunningServer, authority: Authority) -> None:
    assert get(server, authority, "/api/v1/status") == 200
    assert get(server, authority, "/readyz") == 200


def test_plain_clients_get_nothing_and_do_no_harm(
    server: RunningServer, authority: Authority
) -> None:
    for address in (server.grpc, server.http, server.web):
        with socket.create_connection(("127.0.0.1", port_of(address)), timeout=20) as connection:
            connection.sendall(b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            try:
                while piece := connection.recv(65_536):
                    answer += piece
            except ConnectionResetError:
                pass  # it hung up: as good an answer
        assert b"HTTP/1.1 200" not in answer
        assert b"spans" not in answer

    assert try_grpc(server, authority, authority.issue("client")) is grpc.StatusCode.OK
    assert get(server, authority, "/readyz") == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")  # it is what is tried
def test_nothing_below_tls_1_2_is_spoken(server: RunningServer, authority: Authority) -> None:
    old = context_of(authority)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    for address in (server.grpc, server.http, server.web):
        with (
            socket.create_connection(("127.0.0.1", port_of(address)), timeout=20) as connection,
            pytest.raises((ssl.SSLError, ConnectionError)),
        ):
            old.wrap_socket(connection, server_hostname="localhost")


def test_commands_speak_tls(server: RunningServer, authority: Authority) -> None:
    client = authority.issue("client")
    ca = f"--tls-ca={authority.ca}"
    shown = [f"--tls-client-cert={client.cert}", f"--tls-client-key={client.key}"]
    loaded = run_command("load", str(RECORDING), "--otlp-endpoint", server.grpc, ca, *shown)
    asked = run_command("orphans", "--json", "--endpoint", server.web, ca)
    distrusting = run_command("orphans", "--endpoint", server.web)

    assert (loaded.returncode, asked.returncode) == (0, 0), loaded.stderr + asked.stderr
    assert distrusting.returncode == 1
    assert b"look at --tls-ca" in distrusting.stderr
    assert distrusting.stderr.count(b"\n") == 1


def test_certificates_and_authorities_are_replaced_without_a_restart(
    tmp_path: Path, strangers: Authority
) -> None:
    authority = Authority(tmp_path / "own")
    before, old_client = authority.issue(), authority.issue("client")
    after, new_client = strangers.issue(), strangers.issue("client")
    asked = tmp_path / "asked.pem"
    shutil.copy(authority.ca, asked)
    with serving(None, *flags_of(before), f"--tls-client-ca={asked}") as server:
        assert try_grpc(server, authority, old_client) is grpc.StatusCode.OK
        assert try_http(server, context_of(authority, old_client)) == 200

        shutil.copy(after.cert, before.cert)  # the key still to come: the old pair stays
        time.sleep(1.2)
        assert try_grpc(server, authority, old_client) is grpc.StatusCode.OK
        assert get(server, authority, "/readyz") == 200

        shutil.copy(after.key, before.key)
        shutil.copy(strangers.ca, asked)
        wait_for_certificate(server, after)
        assert get(server, strangers, "/readyz") == 200
        assert try_grpc(server, strangers, new_client) is grpc.StatusCode.OK
        assert try_http(server, context_of(strangers, new_client)) == 200
        assert try_grpc(server, strangers, old_client) is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(httpx.TransportError):
            try_http(server, context_of(strangers, old_client))

        before.key.write_text("damaged")
        time.sleep(1.2)
        assert try_grpc(server, strangers, new_client) is grpc.StatusCode.OK
        code, said = server.stop()

    assert code == 0
    assert f"--tls-key {before.key} is not the key of --tls-cert {before.cert}." in said
    assert "Traceback" not in said


def wait_for_certificate(server: RunningServer, issued: Issued) -> None:
    """Until every listener shows it."""
    wanted = ssl.PEM_cert_to_DER_cert(issued.cert.read_text())
    deadline = time.monotonic() + 30
    for address in (server.grpc, server.http, server.web):
        while True:
            shown = ssl.get_server_certificate(("127.0.0.1", port_of(address)), timeout=20)
            if ssl.PEM_cert_to_DER_cert(shown) == wanted:
                break
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_session_of_a_client_that_is_no_longer_let_in_is_not_resumed(
    tmp_path: Path, strangers: Authority
) -> None:
    authority = Authority(tmp_path / "own")
    issued, client = authority.issue(), authority.issue("client")
    asked = tmp_path / "asked.pem"
    shutil.copy(authority.ca, asked)
    context = context_of(authority, client)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # its handshake ends with the verdict
    with serving(None, *flags_of(issued), f"--tls-client-ca={asked}") as server:

        def handshake(session: ssl.SSLSession | None) -> ssl.SSLSession | None:
            place = ("127.0.0.1", port_of(server.http))
            with (
                socket.create_connection(place, timeout=20) as connection,
                context.wrap_socket(
                    connection, server_hostname="localhost", session=session
                ) as wrapped,
            ):
                return wrapped.session

        session = handshake(None)
        assert session is not None
        shutil.copy(strangers.ca, asked)
        time.sleep(1.2)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            handshake(session)


def test_a_bad_pair_at_the_start_is_one_sentence(authority: Authority, tmp_path: Path) -> None:
    server, other = authority.issue(), authority.issue("other")
    ended = run_serve(f"--tls-cert={server.cert}", f"--tls-key={other.key}")
    missing = run_serve(f"--tls-cert={tmp_path / 'none'}", f"--tls-key={other.key}")

    assert (ended.returncode, missing.returncode) == (1, 1)
    assert ended.stderr == (
        f"Error: --tls-key {other.key} is not the key of --tls-cert {server.cert}.\n"
    )
    assert missing.stderr == (
        f"Error: --tls-cert {tmp_path / 'none'} cannot be read (No such file or directory).\n"
    )
