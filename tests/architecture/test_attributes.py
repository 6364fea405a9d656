"""storage/attributes.toml, the list of attribute names, is well-formed."""

import re
from collections import Counter

import pytest

from storage.schema import RESOURCES, load_attributes

_COLUMNS = load_attributes()["columns"]


@pytest.mark.parametrize("column", _COLUMNS)
def test_a_column_has_a_known_type_and_names_without_repetition(column: str) -> None:
    entry = _COLUMNS[column]

    assert re.fullmatch(r"[a-z][a-z0-9_]*", column)
    assert set(entry) <= {"type", "names", "marks", "each"}
    assert entry["type"] in {"string", "captured", "int", "bool"}
    assert entry["names"] == list(dict.fromkeys(entry["names"])) != []
    assert all(name == name.strip() != "" for name in entry["names"])
    assert isinstance(entry.get("marks", True), bool)


def test_an_attribute_name_goes_to_one_column_only() -> None:
    names = Counter(name for column in _COLUMNS.values() for name in column["names"])

    assert [name for name, times in names.items() if times > 1] == []


def test_a_correlation_key_is_its_own_first_spelling() -> None:
    for key, spellings in load_attributes()["correlation"].items():
        assert spellings[0] == key
        assert len(set(spellings)) == len(spellings)


def test_a_spelling_belongs_to_one_correlation_key() -> None:
    spellings = Counter(
        name for names in load_attributes()["correlation"].values() for name in names
    )

    assert [name for name, times in spellings.items() if times > 1] == []


def test_resource_columns_exist() -> None:
    assert set(load_attributes()["resource"]) <= set(RESOURCES.names)
