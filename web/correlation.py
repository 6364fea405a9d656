"""Correlation keys and their spellings, from storage/attributes.toml."""

from functools import cache

from storage.schema import load_attributes


@cache
def correlation_spellings() -> dict[str, str]:
    """Spelling -> canonical key, such as "order_id" -> "order.id".

    Where two keys share a spelling, the key of that very name wins, else the first.
    """
    keys: dict[str, list[str]] = load_attributes()["correlation"]
    found = {key: key for key in keys}
    for key, spellings in keys.items():
        for spelling in spellings:
            found.setdefault(spelling, key)
    return found


def canonical_key(key: str) -> str:
    """The correlation key that `key` spells; any other key as it is."""
    return correlation_spellings().get(key, key)
