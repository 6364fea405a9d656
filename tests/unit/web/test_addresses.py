"""Addresses of pages that contain names of any length."""

import pytest

from web.addresses import LONGEST, destination_address, journey_address
from web.frame import LONGEST_TEXT


def test_an_address_has_the_whole_name_though_a_text_would_be_cut() -> None:
    name = "n" * (LONGEST_TEXT + 1)
    assert destination_address("kafka", None, name) == f"/destinations?system=kafka&name={name}"
    assert journey_address("order.id", name) == f"/journeys?attribute=order.id={name}"


@pytest.mark.parametrize("letter", ["n", "é"])
def test_a_name_that_makes_an_address_too_long_leads_to_the_list(letter: str) -> None:
    name = letter * LONGEST
    assert destination_address(None, None, name) == "/destinations"
    assert journey_address("order.id", name) == "/search"


def test_names_stay_inside_their_parameter() -> None:
    assert destination_address(None, "a&b", "c#d") == "/destinations?scope=a%26b&name=c%23d"
    assert journey_address("k", "a&b=c") == "/journeys?attribute=k=a%26b=c"
