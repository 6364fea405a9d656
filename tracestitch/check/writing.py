"""Files that a check leaves behind."""

from pathlib import Path

from tracestitch.check.errors import CheckFailure

# The step after the check may be another user's, and a report names no values of spans.
_READABLE = 0o644


def write_text(file: Path, text: str) -> None:
    """Raises CheckFailure."""
    try:
        new = not file.exists()
        # Attribute texts may hold lone surrogates, which have no UTF-8 form.
        file.write_text(text, "utf-8", errors="backslashreplace")
        if new:
            file.chmod(_READABLE)
    except OSError as error:
        raise CheckFailure(f"{file} cannot be written ({error.strerror or error}).") from error
