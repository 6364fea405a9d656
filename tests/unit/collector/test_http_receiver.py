"""OTLP over HTTP: what is answered to what."""

import asyncio

import httpx
import pytest
from google.rpc.error_details_pb2 import RetryInfo

from collector.admission import Overloaded
from collector.decoded import UndecodableRequest
from collector.keeping import UnstorableBatch
from collector.responses import success
from storage.contract import StoreError
from tests.builders import request, span
from tests.packed import PACK
from tests.unit.collector.kept_requests import (
    JSON,
    PROTOBUF,
    KeptRequests,
    Post,
    run_posts,
    status_of,
)

each_type = pytest.mark.parametrize("type_", [PROTOBUF, JSON])


@pytest.mark.parametrize("type_", [PROTOBUF, "Application/X-Protobuf; charset=utf-8"])
@pytest.mark.parametrize("encoding", [None, "", "identity", "gzip", "GZIP", "zstd", "deflate"])
def test_protobuf_is_handed_on_as_it_is(type_: str, encoding: str | None) -> None:
    async def scenario(kept: KeptRequests, post: Post) -> None:
        body = request(span())
        pack = PACK.get((encoding or "").lower(), bytes)
        response = await post(pack(body), type_, encoding)
        assert (response.status_code, response.content) == (200, b"")
        assert response.headers["content-type"] == PROTOBUF
        assert kept.payloads == [body]

    run_posts(scenario)


def test_kept_first_then_acknowledged() -> None:
    async def scenario(kept: KeptRequests, post: Post) -> None:
        kept.gate.clear()
        export = asyncio.ensure_future(post(request(span())))
        await kept.entered.wait()
        done, _ = await asyncio.wait([export], timeout=0.05)
        assert not done
        kept.gate.set()
        assert (await export).status_code == 200

    run_posts(scenario)


@pytest.mark.parametrize("type_", [None, "", "text/plain", "application/x-protobuf2", "é"])
def test_other_types_are_refused_and_the_right_ones_named(type_: str | None) -> None:
    async def scenario(kept: KeptRequests, post: Post) -> None:
        message = status_of(await post(request(span()), type_), 415).message
        assert PROTOBUF in message
        assert JSON in message
        assert kept.payloads == []

    run_posts(scenario)


@each_type
@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "snappy", "x"])
def test_other_encodings_are_refused_and_the_right_ones_named(encoding: str, type_: str) -> None:
    async def scenario(kept: KeptRequests, post: Post) -> None:
        response = await post(request(span()), type_, encoding)
        assert repr(encoding) in status_of(response, 415, type_).message
        assert response.headers["accept-encoding"] == "gzip, zstd, deflate"
        assert kept.payloads == []

    run_posts(scenario)


@each_type
@pytest.mark.parametrize("path", ["/v1/traces", "/v1/metrics", "/v1/logs"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused_and_post_named(method: str, path: str, type_: str) -> None:
    async def scenario(_: KeptRequests, post: Post) -> None:
        response = await post(method=method, path=path, type_=type_)
        assert "POST" in status_of(response, 405, type_).message
        assert response.headers["allow"] == "POST"

    run_posts(scenario)


@each_type
@pytest.mark.parametrize("path", ["/", "/v1/traces/", "/V1/traces", "/v1development/profiles"])
def test_other_paths_are_refused_and_the_right_one_named(path: str, type_: str) -> None:
    async def scenario(_: KeptRequests, post: Post) -> None:
        response = await post(path=path, type_=type_)
        assert "traces are taken at /v1/traces" in status_of(response, 404, type_).message

    run_posts(scenario)


def check_told_to_wait(response: httpx.Response, type_: str, sentence: str) -> None:
    status = status_of(response, 503, type_)
    assert status.message == sentence
    assert response.headers["retry-after"] == "1"
    told = RetryInfo()
    assert status.details[0].Unpack(told)
    assert told.retry_delay.seconds == 1


@each_type
@pytest.mark.parametrize("error", [Overloaded("Full."), StoreError("The disk is full.")])
def test_what_will_pass_is_503_with_retry_after(error: Exception, type_: str) -> None:
    async def scenario(_: KeptRequests, post: Post) -> None:
        check_told_to_wait(await post(b"{}" if type_ == JSON else b"", type_), type_, str(error))

    run_posts(scenario, error)


@each_type
def test_what_the_end_of_the_listener_cuts_off_is_to_be_sent_again(type_: str) -> None:
    async def scenario(kept: KeptRequests, post: Post) -> None:
        kept.gate.clear()
        export = asyncio.ensure_future(post(b"{}" if type_ == JSON else b"", type_))
        await kept.entered.wait()
        export.cancel()
        check_told_to_wait(await export, type_, "The server is shutting down.")

    run_posts(scenario)


@each_type
def test_good_retryable_permanent_good_have_their_codes(type_: str) -> None:
    async def scenario(kept: KeptRequests, post: Post) -> None:
        body, codes = b"{}" if type_ == JSON else b"", []
        for outcome in (b"", Overloaded("Full."), UndecodableRequest("Cut."), b""):
            kept.outcome = outcome
            codes.append((await post(body, type_)).status_code)
        assert codes == [200, 503, 400, 200]

    run_posts(scenario)


@each_type
def test_a_batch_that_cannot_be_stored_is_500_and_is_not_to_be_sent_again(type_: str) -> None:
    async def scenario(_: KeptRequests, post: Post) -> None:
        response = await post(b"{}" if type_ == JSON else b"", type_)
        assert "odd" in status_of(response, 500, type_).message
        assert "retry-after" not in response.headers

    run_posts(scenario, UnstorableBatch("odd"))


@each_type
def test_a_fault_of_ours_is_500_and_does_not_tell_what_it_was(
    type_: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(_: KeptRequests, post: Post) -> None:
        response = await post(b"{}" if type_ == JSON else b"", type_)
        assert "inside" not in status_of(response, 500, type_).message

    run_posts(scenario, ZeroDivisionError("inside"))
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_rejected_spans_are_told_in_the_encoding_of_the_request() -> None:
    answer = success(2, "2 × trace_id is not 16 bytes")

    async def scenario(_: KeptRequests, post: Post) -> None:
        assert (await post(b"")).content == answer
        response = await post(b"{}", JSON)
        assert response.headers["content-type"] == JSON
        assert response.json() == {
            "partialSuccess": {
                "rejectedSpans": "2",
                "errorMessage": "2 × trace_id is not 16 bytes",
            }
        }

    run_posts(scenario, answer)
