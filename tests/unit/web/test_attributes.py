"""Stored attribute text as natural JSON."""

import json

import pytest

from web.attributes import read_attributes, read_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a"', "a"),
        ("1", 1),
        ("1.5", 1.5),
        ("true", True),
        ("[1,[2]]", [1, [2]]),
        ('{"bytes":"AQI="}', {"bytes": "AQI="}),
        ("9007199254740992", 2**53),
        ("-9007199254740992", -(2**53)),
        ("9007199254740993", "9007199254740993"),
        ("-9007199254740993", "-9007199254740993"),
        ("9" * 5000, "9" * 5000),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("1e999", "1e999"),
        ("-1e999", "-1e999"),
    ],
)
def test_values_are_natural_json_that_every_reader_reads_exactly(text: str, value: object) -> None:
    assert read_json(text) == value
    json.dumps(read_json(text), allow_nan=False)


def test_a_lone_surrogate_can_be_written_again() -> None:
    value = read_json('"\\ud800"')
    assert json.dumps(value).encode() == b'"\\ud800"'


@pytest.mark.parametrize("text", ["", "{", "[1]", "7", "[" * 100_000, "null"])
def test_text_that_is_no_object_is_shown_as_it_is(text: str) -> None:
    assert list(read_attributes(text)) == ["unreadable"]


def test_what_nests_too_deep_is_shown_as_text() -> None:
    deep = "[" * 500 + "]" * 500
    assert read_json(deep) == deep
    flat = json.dumps([[number] for number in range(500)])
    assert read_json(flat) == json.loads(flat)
