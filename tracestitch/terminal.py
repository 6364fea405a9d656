"""Text from elsewhere on a terminal."""


def clean(text: object) -> str:
    """Without control characters: names in spans come from anybody, and an escape
    sequence would be obeyed by the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def indent(text: str) -> list[str]:
    """The lines of a text, four spaces in."""
    return [f"    {clean(line)}".rstrip() for line in text.splitlines()]
