"""Stands in for `tracestitch serve` where only the demo is tested: takes the same flags,
answers /readyz, and keeps what it receives in the file that `--keep` names."""

import argparse
import signal
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from collector.otlp_sink import OtlpSink


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silent."""


def main() -> None:
    parser = argparse.ArgumentParser()
    for flag in ("grpc-address", "http-address", "web-address", "store", "grace", "keep"):
        parser.add_argument(f"--{flag}")
    flags = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    host, port = flags.web_address.split(":")
    web = HTTPServer((host, int(port)), Ready)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    with OtlpSink(flags.grpc_address) as sink:
        stop.wait()
    Path(flags.keep).write_bytes(sink.framed())


if __name__ == "__main__":
    main()
