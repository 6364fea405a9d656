"""Errors name a field as the form does, and the API as its address does."""

import re

import pytest

from tests.unit.web.applications import application, small_scene
from web.labels import LABELS, relabel


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/search?min_duration=soon", "“Takes at least” must be nanoseconds or a duration"),
        ("/search?status=odd", "“Span status” must be one of error, ok, unset."),
        ("/search?from=9&to=5", "“From” must not be later than the end of the time"),
        ("/orphans?cause=odd", "“Cause” must be one of"),
    ],
)
def test_a_page_names_the_field_by_its_label_and_the_api_by_its_parameter(
    address: str, told: str
) -> None:
    client = application(small_scene().store())
    page = client.read(address)
    assert page.status_code == 400
    assert told in page.text
    answer = client.get(f"/api/v1{address}").json()["error"]
    assert answer["message"].startswith(f"{answer['parameter']} must ")


def test_every_label_is_that_of_a_form() -> None:
    client = application(small_scene().store())
    forms = client.read("/search").text + client.read("/orphans").text
    shown = {
        name: label for label, name in re.findall(r'<label[^>]*>([^<]+)<\w+ name="(\w+)"', forms)
    }
    assert shown.items() >= LABELS.items()


def test_other_sentences_stay_as_they_are() -> None:
    assert relabel("No stored span carries it.", "attribute") == "No stored span carries it."
    assert relabel("scan must be a number.", "scan") == "scan must be a number."
    assert relabel("Something else.", None) == "Something else."
