"""`--drop-attribute`: what is left out is nowhere on the disk, however it came."""

import json
from pathlib import Path

import httpx

from collector.otlp_client import OtlpClient
from tests.builders import link, request, span
from tests.flow.servers import RunningServer, run_command, serving

SECRET = "hunter2-hunter2-hunter2"
FLAG = "--drop-attribute=http.request.header.authorization"
HELD = {"http.request.header.authorization": SECRET, "order.id": "kept-5"}


def payload(trace: int) -> bytes:
    return request(
        span(
            trace=trace,
            attributes=HELD,
            resource=HELD,
            links=[link(trace=9, attributes=HELD)],
            events=[("event", HELD)],
        )
    )


def send(server: RunningServer, trace: int) -> None:
    client = OtlpClient(server.grpc)
    assert client.send(payload(trace)) == 0
    client.close()


def holds_secret(folder: Path) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path.name for path in files if SECRET.encode() in path.read_bytes()]


def test_it_is_neither_in_the_store_nor_in_the_log_of_requests(tmp_path: Path) -> None:
    told = {
        "resourceSpans": [
            {
                "scopeSpans": [
                    {
                        "spans": [
                            {
                                "traceId": f"{2:032x}",
                                "spanId": f"{1:016x}",
                                "name": "work",
                                "attributes": [
                                    {"key": key, "value": {"stringValue": value}}
                                    for key, value in HELD.items()
                                ],
                            }
                        ]
                    }
                ]
            }
        ]
    }
    with serving(tmp_path, FLAG) as server:
        send(server, 1)
        answer = httpx.post(f"{server.http}/v1/traces", json=told, trust_env=False)
        assert answer.status_code == 200
        server.kill()
        assert holds_secret(tmp_path) == []
    with serving(tmp_path, FLAG) as server:
        server.wait_for_spans(2)
        kept = [server.get(f"/api/v1/traces/{trace:032x}") for trace in (1, 2)]
        code, said = server.stop()

    assert holds_secret(tmp_path) == []
    assert code == 0
    assert SECRET not in said + json.dumps(kept)
    for answer in kept:
        assert answer["trace"]["spans"][0]["attributes"] == {"order.id": "kept-5"}
    first = kept[0]["trace"]["spans"][0]
    assert first["links"][0]["attributes"] == {"order.id": "kept-5"}
    assert first["events"][0]["attributes"] == {"order.id": "kept-5"}


def test_loading_leaves_it_out_too(tmp_path: Path) -> None:
    data = tmp_path / "data"
    loaded = run_command("load", "-", f"--data-dir={data}", FLAG, given=payload(1))

    assert loaded.returncode == 0, loaded.stderr
    assert holds_secret(data) == []


def test_without_the_option_it_is_found(tmp_path: Path) -> None:
    """What the tests above look for would be there."""
    with serving(tmp_path) as server:
        send(server, 1)
        server.kill()

    assert holds_secret(tmp_path) != []
