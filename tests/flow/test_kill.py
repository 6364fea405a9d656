"""What was acknowledged survives, whatever ends the server; and it is there once."""

import json
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from collector.otlp_client import OtlpClient, ReceiverUnreachable, RequestRefused
from tests.builders import request, span
from tests.flow.servers import RunningServer, run_command, serving

SPANS = 20


def payload(trace: int) -> bytes:
    return request(*(span(trace=trace, id=number + 1) for number in range(SPANS)))


def stored_spans(server: RunningServer, trace: int) -> list[str]:
    """Ids of the stored spans of a trace."""
    told = server.get(f"/api/v1/traces/{trace:032x}")["trace"]["spans"]
    return sorted(span["span_id"] for span in told)


ALL = [f"{number + 1:016x}" for number in range(SPANS)]


def test_a_kill_right_after_the_acknowledgement_loses_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        client = OtlpClient(server.grpc)
        for trace in (1, 2, 3):
            assert client.send(payload(trace)) == 0
        server.kill()
        client.close()

    with serving(tmp_path) as again:
        assert again.wait_for_spans(3 * SPANS)["spans"] == 3 * SPANS
        assert [stored_spans(again, trace) for trace in (1, 2, 3)] == [ALL] * 3


def test_commands_on_the_directory_of_a_killed_server_see_what_it_acknowledged(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as server:
        client = OtlpClient(server.grpc)
        client.send(request(span(trace=1, attributes={"order.id": "7"})))
        server.kill()
        client.close()

    told = run_command("journey", "order.id=7", "--json", f"--data-dir={tmp_path}")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["journey"]["trace_ids"] == [f"{1:032x}"]


def test_a_kill_amid_exports_keeps_all_acknowledged_and_resending_adds_the_rest_once(
    tmp_path: Path,
) -> None:
    traces = range(1, 41)
    acknowledged = []
    with serving(tmp_path) as server, ThreadPoolExecutor(8) as threads:
        client = OtlpClient(server.grpc)
        sent = {threads.submit(client.send, payload(trace)): trace for trace in traces}
        for answer in as_completed(sent):
            if isinstance(answer.exception(), ReceiverUnreachable | RequestRefused):
                continue
            assert answer.result() == 0
            acknowledged.append(sent[answer])
            if len(acknowledged) == 10:
                server.kill()
                client.close()

    with serving(tmp_path) as again:
        assert [stored_spans(again, trace) for trace in acknowledged] == [ALL] * len(acknowledged)
        client = OtlpClient(again.grpc)
        for trace in traces:
            assert client.send(payload(trace)) == 0
        client.close()
        assert again.wait_for_spans(40 * SPANS)["spans"] == 40 * SPANS
        assert [stored_spans(again, trace) for trace in traces] == [ALL] * 40


def test_what_is_under_way_when_the_server_is_told_to_stop_is_stored_or_refused(
    tmp_path: Path,
) -> None:
    """Senders go on sending while it stops."""
    acknowledged = []
    with serving(tmp_path) as server, ThreadPoolExecutor(8) as threads:
        client = OtlpClient(server.grpc)
        sent = {threads.submit(client.send, payload(trace)): trace for trace in range(1, 201)}
        for answer in as_completed(sent):
            if isinstance(answer.exception(), ReceiverUnreachable | RequestRefused):
                continue
            assert answer.result() == 0
            acknowledged.append(sent[answer])
            if len(acknowledged) == 10:
                server.process.terminate()
                assert server.process.wait(30) == 0
                client.close()

    with serving(tmp_path) as again:
        assert [stored_spans(again, trace) for trace in acknowledged] == [ALL] * len(acknowledged)
