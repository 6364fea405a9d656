"""`journey` and `orphans`: asking a store or a server."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from collector.request_log import RequestLog
from storage.engines import locate_request_log, open_store
from tests.builders import batch, request, span
from tests.certificates import Authority
from tests.waiting import join
from tracestitch.api_client import ask_for_all
from tracestitch.cli import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def data(tmp_path: Path) -> str:
    """A directory whose spans were never analysed."""
    store = open_store(f"duckdb:{tmp_path}")
    order = {"order.id": "123", "messaging.system": "aws_sqs", "messaging.message.id": "m"}
    store.append(
        batch(
            span("order.publish", trace=1, kind="PRODUCER", service="shop", attributes=order),
            span("order.process", trace=2, kind="CONSUMER", service="pay", attributes=order, at=1),
        ),
        1,
    )
    store.close()
    return f"--data-dir={tmp_path}"


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """A server that is something else."""

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(500)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Other)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    join(thread)
    server.server_close()


def test_a_journey_as_text_and_as_the_apis_object(data: str) -> None:
    text = run("journey", "order.id=123", data)
    told: dict[str, Any] = json.loads(run("journey", "order.id=123", "--json", data).output)

    assert text.exit_code == 0
    assert text.output.startswith("order.id = 123: ")
    assert "shop: order.publish" in text.output
    assert [span["name"] for span in told["journey"]["spans"]] == ["order.publish", "order.process"]


def test_the_report_as_text_and_as_the_apis_object(data: str) -> None:
    text = run("orphans", data)
    told: dict[str, Any] = json.loads(run("orphans", "--json", data).output)

    assert text.exit_code == 0
    assert text.output.startswith("1 edge broken now, 0 healthy.\n")
    assert [orphan["span_name"] for orphan in told["orphans"]] == ["order.process"]
    assert told["next_cursor"] is None


def test_an_unknown_id_is_one_sentence(data: str) -> None:
    answer = run("journey", "order.id=nothing", data)

    assert answer.exit_code == 1
    assert answer.output == "Error: No stored span carries order.id = nothing.\n"


def test_the_first_equals_sign_divides_key_and_value(data: str) -> None:
    assert "order.id = a=b" in run("journey", "order.id=a=b", data).output


@pytest.mark.parametrize("attribute", ["order.id", "=123", "order.id=", ""])
def test_an_attribute_is_a_key_and_a_value(attribute: str, data: str) -> None:
    answer = run("journey", attribute, data)

    assert answer.exit_code == 2
    assert "is not KEY=VALUE" in answer.output


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    with socket.socket() as deaf:  # bound, so that nobody else can have it, and not listening
        deaf.bind(("127.0.0.1", 0))
        port = deaf.getsockname()[1]
        answer = run("orphans", f"--endpoint=http://127.0.0.1:{port}")

    assert answer.exit_code == 1
    assert answer.output.startswith(f"Error: Nobody answers at http://127.0.0.1:{port} (")
    assert answer.output.count("\n") == 1


def test_a_server_that_is_something_else_is_one_sentence(elsewhere: str) -> None:
    answer = run("orphans", f"--endpoint={elsewhere}")

    assert answer.exit_code == 1
    assert answer.output == (
        "Error: The answer (HTTP status 500) is not tracestitch's; look at --endpoint.\n"
    )


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "file:///etc/passwd", "http://", "ftp://a"])
def test_an_endpoint_is_an_http_address(url: str) -> None:
    answer = run("orphans", f"--endpoint={url}")

    assert answer.exit_code == 2
    assert "an endpoint is an http address" in answer.output


def test_a_store_that_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    file.write_text("hello")

    answer = run("orphans", f"--data-dir={file}")

    assert answer.exit_code == 1
    assert answer.output.startswith("Error: The file ")


def test_all_pages_of_a_list_are_one_object() -> None:
    pages = {
        None: {"orphans": [1], "next_cursor": "a"},
        "a": {"orphans": [2], "next_cursor": "b"},
        "b": {"orphans": [3], "next_cursor": None},
    }

    def get(_: str, parameters: Mapping[str, str]) -> tuple[int, bytes]:
        return 200, json.dumps(pages[parameters.get("cursor")]).encode()

    assert ask_for_all(get, "/", "orphans") == {"orphans": [1, 2, 3], "next_cursor": None}


def test_an_authority_for_an_address_without_tls_is_one_sentence(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    answer = run("orphans", "--endpoint=http://127.0.0.1:1", f"--tls-ca={authority.ca}")

    assert answer.exit_code == 1
    assert answer.output == (
        "Error: --tls-ca is for an https address, and --endpoint is http://127.0.0.1:1.\n"
    )


@pytest.mark.parametrize("content", ["", "garbage", "\N{SNOWMAN}"])
def test_an_authority_that_is_none_is_one_sentence(content: str, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(content, "utf-8")
    answer = run("orphans", "--endpoint=https://127.0.0.1:1", f"--tls-ca={file}")

    assert answer.exit_code == 1
    assert answer.output == f"Error: --tls-ca {file} holds no certificate in PEM form.\n"


def test_the_token_is_not_sent_on_to_where_a_redirect_leads(tmp_path: Path) -> None:
    seen: list[str | None] = []

    class Redirecting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers["authorization"])
            if len(seen) == 1:
                self.send_response(302)
                self.send_header("location", f"http://localhost:{server.server_port}/elsewhere")
            else:
                self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Redirecting)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    file = tmp_path / "token"
    file.write_text("0123456789abcdef")
    run("orphans", f"--endpoint=http://127.0.0.1:{server.server_port}", f"--token-file={file}")
    server.shutdown()
    join(thread)
    server.server_close()

    assert seen == ["Bearer 0123456789abcdef", None]


def test_what_a_killed_server_took_in_is_read_with_its_correlation_keys(tmp_path: Path) -> None:
    open_store(f"duckdb:{tmp_path}").close()
    log = RequestLog(locate_request_log(f"duckdb:{tmp_path}") or tmp_path)
    log.append([request(span(attributes={"acme.batch": "7"}))])

    asked = ("journey", "acme.batch=7", f"--data-dir={tmp_path}", "--json")
    first = run(*asked, "--correlation-key", "acme.batch")

    assert first.exit_code == 0, first.output
    assert json.loads(first.stdout)["journey"]["key"] == "acme.batch"
    store = open_store(f"duckdb:{tmp_path}")
    assert store.correlation_keys() == ["acme.batch"]
    store.close()
