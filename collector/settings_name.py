"""By which settings attributes are read into typed columns and keys, as a name."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from collector.any_value import json_text
from storage.schema import load_attributes
from storage.sources import digest_sources

_CODE = ("any_value.py", "derived_columns.py", "join_keys.py", "typed_columns.py")


def name_settings(
    correlation_keys: Iterable[str] = (), attributes: Mapping[str, Any] | None = None
) -> str:
    """Another one when the correlation keys, attributes.toml or the code that applies them
    is another. The keys stand in it to be read: "1b9a… + tenant, user.id"."""
    # Not its comments; the order of names is their priority.
    told = json_text(load_attributes() if attributes is None else dict(attributes))
    code = digest_sources("collector", _CODE) + digest_sources("storage", ["join_keys.py"])
    digest = blake2b(f"{told}\0{code}".encode(), digest_size=6).hexdigest()
    keys = ", ".join(sorted(set(correlation_keys)))
    return f"{digest} + {keys}" if keys else digest
