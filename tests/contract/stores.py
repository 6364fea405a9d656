"""Stores in other processes, and closed stores edited behind the engine's back."""

import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import duckdb

from tests.waiting import running


def start_process(script: str, url: str) -> AbstractContextManager["subprocess.Popen[str]"]:
    """A Python that lives no longer than a block."""
    return running(
        [sys.executable, "-c", script, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )


def change_file(path: Path, *statements: str) -> None:
    """Edit a closed store behind the engine's back."""
    with duckdb.connect(path) as connection:
        for text in statements:
            connection.execute(text)


def _with_ids(part: str, linked: str = "") -> tuple[str, ...]:
    own = "trace_hi, trace_lo, " if linked else ""
    return (
        f"CREATE TABLE older AS SELECT spans.trace_hi, spans.trace_lo, spans.span_id, "
        f"spans.content_hash, {part}.* EXCLUDE ({own}span_number) {linked} "
        f"FROM {part} JOIN spans USING (span_number)",
        f"DROP TABLE {part}",
        f"ALTER TABLE older RENAME TO {part}",
    )


# A current store as version 4 kept it: all that is said of messages in one table.
FORM_OF_VERSION_4 = (
    "CREATE TABLE older AS SELECT *, 'span' AS part, 0::UINTEGER AS position FROM messaging "
    "UNION ALL BY NAME SELECT * FROM whole_messaging ORDER BY span_number",
    "DROP TABLE messaging",
    "DROP TABLE whole_messaging",
    "ALTER TABLE older RENAME TO messaging",
    "UPDATE state SET schema_version = 4",
)
# As version 3 kept it: ids wherever version 4 has numbers.
FORM_OF_VERSION_3 = (
    *FORM_OF_VERSION_4,
    *_with_ids("messaging"),
    *_with_ids("events"),
    *_with_ids(
        "links",
        "REPLACE (coalesce(linked_trace_hi, links.trace_hi) AS linked_trace_hi, "
        "coalesce(linked_trace_lo, links.trace_lo) AS linked_trace_lo)",
    ),
    "CREATE TABLE older AS SELECT spans.* EXCLUDE (span_number, parent_offset) REPLACE "
    "(coalesce(spans.parent_span_id, above.span_id) AS parent_span_id) "
    "FROM spans LEFT JOIN spans AS above ON spans.parent_offset <> 0 "
    "AND above.span_number = spans.span_number + spans.parent_offset ORDER BY spans.span_number",
    "DROP TABLE spans",
    "ALTER TABLE older RENAME TO spans",
    "UPDATE state SET schema_version = 3",
)
