"""Which correlation key an attribute name spells (attributes.toml, [correlation])."""

from functools import cache

from storage.schema import load_attributes


@cache
def _canonical_keys() -> dict[str, str]:
    """Attribute name to canonical key; the first key that lists a name has it."""
    keys: dict[str, str] = {}
    for key, spellings in load_attributes()["correlation"].items():
        for name in (key, *spellings):
            keys.setdefault(name, key)
    return keys


def canonical_key(name: str) -> str | None:
    """The correlation key that an attribute of this name carries. None for others."""
    return _canonical_keys().get(name)
