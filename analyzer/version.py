"""Which rules answers are made by."""

from storage.sources import digest_sources

RULES_VERSION = digest_sources("analyzer")
"""Another one whenever the text of the analyzer is another, so that nobody has to remember
to raise it: answers of other rules are worked out again (docs/adr/0017)."""
