"""Rows of a waterfall that contain a text: names, services, ids, attributes, destinations."""

import polars as pl

from web.journeys.stored import Stored
from web.waterfall.layout import Waterfall
from web.waterfall.row_kinds import HandoverRow

MOST_FOUND = 20_000
_TEXTS = ("name", "attributes", "status_message")


def find_rows(fall: Waterfall, stored: Stored, text: str | None) -> list[int]:
    """In order, at most MOST_FOUND; case does not matter. Attributes are looked through as
    the JSON text that is stored."""
    wanted = (text or "").strip().lower()
    if not wanted:
        return []
    rows = {fall.rows_of[span] for span in _find_spans(fall, stored, wanted)}
    rows |= {row for row in fall.passages if wanted in _handover_text(fall, row)}
    return sorted(rows)[:MOST_FOUND]


def _find_spans(fall: Waterfall, stored: Stored, wanted: str) -> list[int]:
    picture = fall.picture
    frame = pl.from_arrow(stored.spans.select(list(_TEXTS)))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table never is a series
    holds = [
        pl.col(name).str.to_lowercase().str.contains(wanted, literal=True).fill_null(value=False)
        for name in _TEXTS
    ]
    hits = set(frame.select(pl.any_horizontal(holds)).to_series().arg_true().to_list())
    services = {
        number for number, name in enumerate(picture.services) if wanted in (name or "").lower()
    }
    if services:
        hits |= {span for span, service in enumerate(picture.service) if service in services}
    traces = {number for number, trace in enumerate(picture.traces) if wanted in trace}
    if traces:
        hits |= {span for span, trace in enumerate(picture.trace) if trace in traces}
    if len(wanted) == 16:
        hits |= {span for span, given in enumerate(picture.span_ids) if f"{given:016x}" == wanted}
    return list(hits)


def _handover_text(fall: Waterfall, number: int) -> str:
    row = fall[number]
    assert isinstance(row, HandoverRow)  # noqa: S101 - passages are of hand-over rows
    told = fall.picture.connections[row.connection]
    return " ".join(
        filter(None, (told["destination"], told["system"], told["rule"], told["consumer_group"]))
    ).lower()
