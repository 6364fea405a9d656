"""What the documentation says about causes (docs/causes), as parts of a page."""

import re
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

# In an installed distribution beside the templates (pyproject.toml), else in the working tree.
_WEB = Path(__file__).parents[1]
PLACES = (_WEB / "cause_pages", _WEB.parent / "docs" / "causes")
_PAGE = re.compile(r"(\w+)\.md")
# Text is ours, and still no markup of its own gets through.
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


def pages_folder() -> Path:
    """Where the pages are. Raises StopIteration when the distribution lacks them."""
    return next(place for place in PLACES if place.is_dir())


@cache
def explain_cause(code: str) -> str:
    """The page about a cause without its heading. Raises KeyError when there is none.

    Links from page to page become links between our addresses.
    """
    try:
        text = (pages_folder() / f"{code}.md").read_text("utf-8")
    except FileNotFoundError:
        raise KeyError(code) from None
    return render_text(text)


def render_text(text: str) -> str:
    """HTML of Markdown without its first heading, whose place the page's own takes."""
    tokens = _markdown.parse(text)
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        tokens = tokens[3:]  # opening, text, closing
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                _lead(child)
    rendered: str = _markdown.renderer.render(tokens, _markdown.options, {})
    return rendered


def _lead(link: Token) -> None:
    target = str(link.attrGet("href"))
    page = _PAGE.fullmatch(target)
    if page:
        link.attrSet("href", "/causes" if page[1] == "README" else f"/causes/{page[1]}")
    else:
        link.attrSet("rel", "noreferrer")
