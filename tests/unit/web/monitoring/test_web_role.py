"""Pages of a process that takes no spans in: others of its store do."""

import pytest

from storage.memory import MemoryStore
from tests.unit.web.applications import application, small_scene
from tests.web_client import WebClient
from web.app import create_app


def test_the_status_page_speaks_of_no_decoder_and_no_receiver_of_its_own() -> None:
    told = WebClient(create_app(small_scene().store())).get("/status").text
    assert "This process takes no spans in." in told
    for untrue in ("decoder", "OTLP gRPC", "OTLP HTTP", "not known"):
        assert untrue not in told


def test_one_that_takes_spans_in_names_its_decoder_and_receiver() -> None:
    told = application(small_scene().store()).get("/status").text
    assert "takes no spans in" not in told
    for said in ("decoder", "python", "OTLP gRPC", "127.0.0.1:4317"):
        assert said in told


def test_the_first_page_claims_no_ingest() -> None:
    told = WebClient(create_app(small_scene().store())).get("/").text
    assert "Analysis <b>" in told
    assert "Ingest" not in told


@pytest.mark.parametrize("decoder", ["none", "python"])
def test_a_start_page_says_who_listens(decoder: str) -> None:
    told = WebClient(create_app(MemoryStore(), decoder=decoder)).get("/").text
    assert ("listening on" in told) == (decoder == "python")
    assert ("spans are taken in by collectors" in told) == (decoder == "none")
