"""OTLP over HTTP: what is answered to what."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable

import httpx
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.http_receiver import http_app
from collector.receiving import MAX_REQUEST_BYTES
from storage.contract import StoreError
from storage.schema import SpanBatch
from tests.builders import request, span
from tests.unit.collector.held_store import HeldStore, Intake, intake

PROTOBUF = "application/x-protobuf"

Post = Callable[..., Awaitable[httpx.Response]]


def run(
    scenario: Callable[[Intake, Post], Awaitable[None]],
    store: HeldStore | None = None,
    max_bytes: int = 1 << 28,
) -> None:
    """Calls the scenario with a `post(body, **headers)` that never meets a socket."""

    async def within() -> None:
        async with intake(store or HeldStore(), max_bytes=max_bytes) as held:
            transport = httpx.ASGITransport(http_app(held.receiver.export))
            async with httpx.AsyncClient(transport=transport, base_url="http://otlp") as client:

                async def post(
                    body: bytes = b"",
                    type_: str | None = PROTOBUF,
                    encoding: str | None = None,
                    method: str = "POST",
                    path: str = "/v1/traces",
                ) -> httpx.Response:
                    given = {"Content-Type": type_, "Content-Encoding": encoding}
                    headers = [
                        (name.encode(), value.encode())
                        for name, value in given.items()
                        if value is not None
                    ]
                    return await client.request(method, path, content=body, headers=headers)

                await scenario(held, post)

    asyncio.run(asyncio.wait_for(within(), 60))


def message_of(response: httpx.Response, http_status: int) -> str:
    """The sentence of a refusal, which must be a google.rpc.Status."""
    assert response.status_code == http_status
    assert response.headers["content-type"] == PROTOBUF
    status = Status.FromString(response.content)
    assert status.code > 0
    return status.message


@pytest.mark.parametrize("type_", [PROTOBUF, "Application/X-Protobuf; charset=utf-8"])
@pytest.mark.parametrize("encoding", [None, "identity", "gzip", "GZIP"])
def test_spans_are_stored_and_acknowledged(type_: str, encoding: str | None) -> None:
    async def scenario(held: Intake, post: Post) -> None:
        body = request(span())
        packed = gzip.compress(body) if (encoding or "").lower() == "gzip" else body
        response = await post(packed, type_, encoding)
        assert (response.status_code, response.content) == (200, b"")
        assert response.headers["content-type"] == PROTOBUF
        assert held.store.status().spans == 1

    run(scenario)


def test_an_empty_request_succeeds() -> None:
    async def scenario(_: Intake, post: Post) -> None:
        assert (await post(b"")).status_code == 200

    run(scenario)


def test_stored_first_then_acknowledged() -> None:
    async def scenario(held: Intake, post: Post) -> None:
        held.store.gate.clear()
        export = asyncio.ensure_future(post(request(span())))
        await held.store.is_entered()
        done, _ = await asyncio.wait([export], timeout=0.05)
        assert not done
        held.store.gate.set()
        assert (await export).status_code == 200

    run(scenario)


def test_bad_spans_are_a_partial_success() -> None:
    async def scenario(held: Intake, post: Post) -> None:
        response = await post(request(span(), span(trace=0)))
        assert response.status_code == 200
        told = ExportTraceServiceResponse.FromString(response.content).partial_success
        assert told.rejected_spans == 1
        assert "trace_id" in told.error_message
        assert held.store.status().spans == 1

    run(scenario)


def test_json_is_refused_and_protobuf_named() -> None:
    async def scenario(_: Intake, post: Post) -> None:
        for type_ in ("application/json", "APPLICATION/JSON; charset=utf-8"):
            assert "only protobuf is for now" in message_of(await post(b"{}", type_), 415)

    run(scenario)


@pytest.mark.parametrize("type_", [None, "", "text/plain", "application/x-protobuf2", "é"])
def test_other_types_are_refused(type_: str | None) -> None:
    async def scenario(_: Intake, post: Post) -> None:
        assert PROTOBUF in message_of(await post(request(span()), type_), 415)

    run(scenario)


def test_other_encodings_are_refused_and_gzip_named() -> None:
    async def scenario(_: Intake, post: Post) -> None:
        for encoding in ("zstd", "br", "gzip, gzip"):
            response = await post(request(span()), encoding=encoding)
            assert encoding in message_of(response, 415)
            assert response.headers["accept-encoding"] == "gzip"

    run(scenario)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused_and_post_named(method: str) -> None:
    async def scenario(_: Intake, post: Post) -> None:
        response = await post(method=method)
        assert "POST" in message_of(response, 405)
        assert response.headers["allow"] == "POST"

    run(scenario)


@pytest.mark.parametrize("path", ["/", "/v1/traces/", "/v1/metrics", "/v1/logs", "/%00%ff"])
def test_other_paths_are_refused_and_the_right_one_named(path: str) -> None:
    async def scenario(_: Intake, post: Post) -> None:
        assert "traces are taken at /v1/traces" in message_of(await post(path=path), 404)

    run(scenario)


def test_garbage_is_a_bad_request_with_a_sentence() -> None:
    async def scenario(_: Intake, post: Post) -> None:
        for garbage in (b"\xff" * 100, b'{"resourceSpans": []}', request(span())[:-1]):
            assert "ExportTraceServiceRequest" in message_of(await post(garbage), 400)
        assert (await post(request(span()))).status_code == 200

    run(scenario)


def test_corrupt_gzip_is_a_bad_request() -> None:
    async def scenario(_: Intake, post: Post) -> None:
        packed = gzip.compress(request(span()))
        for body in (b"", request(span()), packed[:-4], packed + b"more"):
            assert "gzip" in message_of(await post(body, encoding="gzip"), 400)

    run(scenario)


def test_the_limit_holds_after_decompression() -> None:
    async def scenario(_: Intake, post: Post) -> None:
        response = await post(gzip.compress(bytes(MAX_REQUEST_BYTES + 1), 1), encoding="gzip")
        assert "67,108,864 bytes" in message_of(response, 413)

    run(scenario)


def check_told_to_wait(response: httpx.Response, sentence: str) -> None:
    assert sentence in message_of(response, 503)
    assert response.headers["retry-after"] == "1"
    told = RetryInfo()
    assert Status.FromString(response.content).details[0].Unpack(told)
    assert told.retry_delay.seconds == 1


def test_overload_is_503_with_retry_after() -> None:
    async def scenario(held: Intake, post: Post) -> None:
        held.store.gate.clear()
        first = asyncio.ensure_future(post(request(span())))
        await held.store.is_entered()
        check_told_to_wait(await post(request(span(trace=2))), "bytes")
        held.store.gate.set()
        assert (await first).status_code == 200

    run(scenario, max_bytes=1)


def test_a_store_that_cannot_commit_is_503_with_retry_after() -> None:
    def fail(_: SpanBatch) -> None:
        raise StoreError("The disk is full.")

    async def scenario(_: Intake, post: Post) -> None:
        check_told_to_wait(await post(request(span())), "The disk is full.")

    run(scenario, HeldStore(fail))


def test_a_batch_that_cannot_be_stored_is_500_and_is_not_to_be_sent_again() -> None:
    def fail(_: SpanBatch) -> None:
        raise ValueError("odd")

    async def scenario(_: Intake, post: Post) -> None:
        response = await post(request(span()))
        assert "odd" in message_of(response, 500)
        assert "retry-after" not in response.headers

    run(scenario, HeldStore(fail))
