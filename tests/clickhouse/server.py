"""The HTTP interface of ClickHouse in front of the embedded engine: a server for tests.

    python -m tests.clickhouse.server DIRECTORY [PORT]

serves the data in that directory on a port of 127.0.0.1, a free one if none is given, and
prints the port. It speaks
what clients need to insert and to ask: statements in the URL or the body, settings and
parameters in the URL or a form, external tables, sessions, bodies in zstd and gzip,
ClickHouse's codes of errors. Without access rights, TLS, clusters and progress.
"""

import base64
import gzip
import json
import re
import sys
import zlib
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests.clickhouse.engine import Answer, Engine, EngineError, ExternalTable, Request

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

USER, PASSWORD = "tests", "p&ss/w:rd@"  # as one that has to be escaped in a URL

AUTHENTICATION_FAILED = 516
# Of the interface, not the engine.
_NO_SETTINGS = {
    *("database", "query", "user", "password", "session_id", "session_timeout", "session_check"),
    *("query_id", "compress", "decompress", "buffer_size", "wait_end_of_query", "quota_key"),
    *("client_protocol_version", "default_format", "role", "stacktrace", "enable_http_compression"),
    *("send_progress_in_http_headers", "http_headers_progress_interval_ms"),
}
# HTTP status by the code of an error; ClickHouse's own table, 500 for the rest.
_STATUS = {
    **dict.fromkeys((6, 27, 38, 41, 43, 53, 62, 72, 117, 456), 400),
    **dict.fromkeys((193, 194, AUTHENTICATION_FAILED), 403),
    **dict.fromkeys((46, 47, 50, 56, 60, 73, 81, 115), 404),
    159: 408,
    48: 501,
    **dict.fromkeys((209, 439), 503),
}
_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "zstd": zstd.decompress,
}
_ENCODERS: dict[str, Callable[[bytes], bytes]] = {"zstd": zstd.compress, "gzip": gzip.compress}
_DISPOSITION = re.compile(rb'name="([^"]*)"(?:; filename="([^"]*)")?')


def read_request(query: Mapping[str, str], body: bytes, content_type: str) -> Request:
    """The request in a URL's parameters and a body."""
    fields = dict(query)
    tables = []
    if content_type.startswith("multipart/form-data"):
        values, files = _read_form(body, content_type)
        fields |= values
        tables = [_read_table(name, data, fields) for name, data in files.items()]
        body = b""
    statement, data = (fields["query"].encode(), body) if "query" in fields else (body, b"")
    described = {
        f"{table.name}_{of}" for table in tables for of in ("format", "structure", "types")
    }
    return Request(
        statement,
        data,
        database=fields.get("database") or "default",
        default_format=fields.get("default_format", "TabSeparated"),
        session=fields.get("session_id", ""),
        parameters={
            n.removeprefix("param_"): v for n, v in fields.items() if n.startswith("param_")
        },
        settings={
            name: value
            for name, value in fields.items()
            if name not in _NO_SETTINGS | described and not name.startswith("param_")
        },
        tables=tables,
    )


def _read_form(body: bytes, content_type: str) -> tuple[dict[str, str], dict[str, bytes]]:
    """The values and the files of a form."""
    boundary = content_type.partition("boundary=")[2].strip('"').encode()
    values, files = {}, {}
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        named = _DISPOSITION.search(head)
        assert named is not None
        content = content.removesuffix(b"\r\n")
        if named[2] is None:
            values[named[1].decode()] = content.decode()
        else:
            files[named[1].decode()] = content
    return values, files


def _read_table(name: str, data: bytes, fields: Mapping[str, str]) -> ExternalTable:
    structure = fields.get(f"{name}_structure", "")
    if not structure:
        types = fields[f"{name}_types"].split(",")
        structure = ", ".join(f"_{number} {type_}" for number, type_ in enumerate(types, 1))
    return ExternalTable(name, structure, fields.get(f"{name}_format", "TabSeparated"), data)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    engine: Engine

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/ping":
            self._send(200, b"Ok.\n")
        else:
            self._answer(b"")

    def do_POST(self) -> None:
        body = self._read_body()
        encoding = self.headers.get("Content-Encoding", "")
        self._answer(_DECODERS[encoding](body) if encoding else body)

    def _answer(self, body: bytes) -> None:
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        try:
            self._check_password(query)
            answer = self.engine.run(
                read_request(query, body, self.headers.get("Content-Type", ""))
            )
        except EngineError as error:
            code = str(error.code)
            text = f"{error}\n".encode()
            self._send(_STATUS.get(error.code, 500), text, {"X-ClickHouse-Exception-Code": code})
        else:
            self._send_answer(answer, compressed=query.get("enable_http_compression") == "1")

    def _send_answer(self, answer: Answer, *, compressed: bool) -> None:
        summary = {"read_rows": str(answer.read_rows), "written_rows": str(answer.written_rows)}
        headers = {"X-ClickHouse-Summary": json.dumps(summary), "X-ClickHouse-Timezone": "UTC"}
        if answer.format:
            headers["X-ClickHouse-Format"] = answer.format
        body = answer.body
        accepted = re.findall(r"\w+", self.headers.get("Accept-Encoding", ""))
        encoding = next((name for name in accepted if name in _ENCODERS), None)
        if compressed and encoding and body:
            headers["Content-Encoding"] = encoding
            body = _ENCODERS[encoding](body)
        self._send(200, body, headers)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _check_password(self, query: Mapping[str, str]) -> None:
        names = (("user", "X-ClickHouse-User"), ("password", "X-ClickHouse-Key"))
        told = ":".join(query.get(name) or self.headers.get(of) or "" for name, of in names)
        if basic := self.headers.get("Authorization", ""):
            told = base64.b64decode(basic.removeprefix("Basic ")).decode()
        if told != f"{USER}:{PASSWORD}":
            text = f"Code: {AUTHENTICATION_FAILED}. DB::Exception: Authentication failed"
            raise EngineError(text, AUTHENTICATION_FAILED)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base class's
        """Nothing: what matters is in the answers."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main(directory: str, port: str = "0") -> None:
    Handler.engine = Engine(Path(directory))
    with Server(("127.0.0.1", int(port)), Handler) as server:
        print(server.server_port, flush=True)  # noqa: T201 # for whoever started it
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
