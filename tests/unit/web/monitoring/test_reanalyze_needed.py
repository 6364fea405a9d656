"""Spans that were read with other settings: the status says so."""

import pytest

from tests.unit.web.applications import small_scene
from tests.web_client import WebClient
from web.app import create_app


@pytest.mark.parametrize("otherwise", [True, False])
def test_the_status_says_whether_spans_were_read_with_other_settings(otherwise: bool) -> None:
    app = create_app(small_scene().store(), rules_version="1b9a", read_otherwise=lambda: otherwise)
    client = WebClient(app)

    told = client.get("/api/v1/status").json()

    assert (told["needs_reanalyze"], told["rules_version"]) == (otherwise, "1b9a")
    assert ("tracestitch reanalyze" in client.get("/status").text) is otherwise
