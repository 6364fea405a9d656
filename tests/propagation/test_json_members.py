"""Members of a JSON object in its text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracestitch_propagation.json_members import (
    add_member,
    cut_members,
    list_members,
    put_value,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=5)
INDENTS = st.none() | st.integers(0, 3)


@given(OBJECTS, INDENTS, st.booleans(), st.text(alphabet=" \n\t\r", max_size=3))
def test_members_say_where_they_stand(
    told: dict[str, Any], indent: int | None, ascii_only: bool, blanks: str
) -> None:
    text = blanks + json.dumps(told, indent=indent, ensure_ascii=ascii_only) + blanks
    members = list_members(text)

    assert [member.name for member in members] == list(told)
    for member in members:
        assert json.loads(text[member.start : member.value_start].rstrip(" :\n")) == member.name
        assert json.loads(text[member.value_start : member.end]) == told[member.name]


@given(OBJECTS.filter(lambda told: "_otel" not in told), JSON, INDENTS)
def test_what_is_put_in_and_cut_out_again_leaves_every_byte(
    told: dict[str, Any], value: Any, indent: int | None
) -> None:
    text = json.dumps(told, indent=indent)
    added = add_member(text, "_otel", json.dumps(value))

    assert json.loads(added) == {**told, "_otel": value}
    assert cut_members(added, list_members(added), "_otel") == text


@given(st.lists(st.sampled_from(["a", "b", "_otel"]), max_size=8))
def test_all_members_of_a_name_are_cut_and_the_others_stay(names: list[str]) -> None:
    text = "{ " + " , ".join(f'"{name}": {place}' for place, name in enumerate(names)) + " }"
    cut = cut_members(text, list_members(text), "_otel")

    told = [(m.name, m.value) for m in list_members(cut)]
    assert told == [(name, at) for at, name in enumerate(names) if name != "_otel"]


def test_what_python_would_write_otherwise_stays_as_it_is() -> None:
    odd = '{"big": 1e400, "long": ' + "9" * 5000 + ', "fine": 1.10, "twice": 1, "twice": 2}'
    added = add_member(odd, "_otel", "{}")

    assert cut_members(added, list_members(added), "_otel") == odd


def test_a_value_is_put_in_the_place_of_another() -> None:
    text = '{"a": [1, 2] , "b": {}}'

    assert put_value(text, list_members(text)[0], "3") == '{"a": 3 , "b": {}}'


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '{"a" 1}', "{1:2}",
     '{"a":1}{', '{"a":1} x', '{,"a":1}', '{"a":1 "b":2}', "\x00", "{'a':1}",
     '{"a":' * 100_000, '{"a":' + "[" * 100_000 + "]" * 100_000 + "}"],
    ids=range(19),
)  # fmt: skip
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        list_members(text)


@given(st.text(alphabet='{}[]",:\\ a1') | st.text())
def test_any_text_is_read_as_json_reads_it_or_refused(text: str) -> None:
    try:
        names = {member.name for member in list_members(text)}
    except ValueError:
        names = None
    try:
        told = json.loads(text)
    except ValueError:
        told = None

    assert names == (set(told) if isinstance(told, dict) else None)
