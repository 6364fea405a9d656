"""Text from elsewhere on a terminal, and in the log of a job, which obeys some lines, too."""

import re

# Commands of GitHub's runner begin a line, older ones and those of Azure stand anywhere.
_COMMAND = re.compile(r"^(?=\s*::)(\s*):|##(?=\[|vso\[)", re.IGNORECASE)
_MARK = "\N{REPLACEMENT CHARACTER}"


def clean(text: object) -> str:
    """A line without control characters and commands: names in spans come from anybody, and
    the terminal would obey an escape sequence, the log of a job `::error::` or `##vso[`."""
    line = "".join(c if c.isprintable() else _MARK for c in str(text))
    return _COMMAND.sub(lambda found: (found[1] or "") + _MARK, line)


def clean_lines(text: str) -> str:
    """The same for a text of several."""
    return "\n".join(map(clean, text.splitlines()))


def indent(text: str) -> list[str]:
    """The lines of a text, four spaces in."""
    return [f"    {clean(line)}".rstrip() for line in text.splitlines()]
