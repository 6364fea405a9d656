"""Remarks on edges: breaks that leave no orphan root, because nobody received the message,
or because it arrived without something that does not join traces; and the ways of messages
that arrive elsewhere than they were sent to.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from analyzer.causes import load_causes
from analyzer.fixes import End, choose_fix
from analyzer.unreceived import EdgeKey, Unreceived, find_unreceived, is_passive_lambda
from storage.contract import SpanStore
from storage.results import EDGE_KEY
from web.flow_map.routes import Routes, read_routes
from web.kept import Kept
from web.rows import span_ref, trace_table
from web.shapes import EdgeNote
from web.site import Site


@dataclass(frozen=True, slots=True)
class EdgeRemarks:
    notes: Mapping[EdgeKey, Sequence[EdgeNote]] = field(default_factory=dict)
    routes: Routes = field(default_factory=dict)


# Of each kind of send so many of the newest are looked at, of so many kinds.
_SENDS = 300
_KINDS = 1_000
_TITLE = "Messages were sent and nobody received them, though others of their kind were received"
_FIX = """\
# The newest of them is the example. What may have become of it:
# - it waits still, or expired in the queue: look at the broker's queue length and retention
# - a filter or rule of the subscription left it out, or a consumer without telemetry has it
# - its consumer was not sampled or its spans were lost: one parent-based sampler for all
"""


def remarks_of(request: Request, patience_seconds: float | None = None) -> EdgeRemarks:
    """Empty while they are not worked out yet: at very many hand-overs that takes a while."""
    return find_remarks(request, patience_seconds) or EdgeRemarks()


def find_remarks(request: Request, patience_seconds: float | None = None) -> EdgeRemarks | None:
    """None while they are not worked out yet."""
    site: Site = request.app.state.site
    if patience_seconds is None:
        patience_seconds = request.app.state.remarks_patience_seconds
    kept: Kept[EdgeRemarks] = request.app.state.edge_remarks
    found = kept.get(lambda: read_remarks(site.store), patience_seconds)
    return None if found is None else found[0]


def read_remarks(store: SpanStore) -> EdgeRemarks:
    """Raises StoreError."""
    sends = store.recent_sends(_SENDS, _KINDS)
    found = find_unreceived(sends, store.unconnected_deliveries())
    remarks: dict[EdgeKey, list[EdgeNote]] = {}
    for unreceived in found:
        note = _note(store, unreceived)
        for edge in sorted(unreceived.edges, key=str):
            _add(remarks.setdefault(edge, []), note)
    for row in store.noted_handovers().to_pylist():
        edge = tuple(row[name] for name in EDGE_KEY)
        for told in json.loads(row["notes"]):
            _add(
                remarks.setdefault(edge, []),
                {
                    "code": told["code"],
                    "title": told["title"],
                    "fix": told["fix"],
                    "count": row["count"],
                    "sends": None,
                    "example": span_ref(row),
                },
            )
    return EdgeRemarks(remarks, read_routes(store, sends))


def _add(notes: list[EdgeNote], note: EdgeNote) -> None:
    """An edge may take messages of several kinds: one note for each code."""
    for number, before in enumerate(notes):
        if before["code"] == note["code"]:
            count = before["count"] + note["count"]
            sends = None if before["sends"] is None else before["sends"] + (note["sends"] or 0)
            notes[number] = {**before, "count": count, "sends": sends}
            return
    notes.append(note)


def _note(store: SpanStore, unreceived: Unreceived) -> EdgeNote:
    spans = (unreceived.example, *unreceived.consumers)
    ends = store.endpoints_of(trace_table(sorted({span[:2] for span in spans})))
    code, title, fix = "unreceived", _TITLE, _FIX
    if is_passive_lambda(ends, unreceived.consumers):
        code = "X3"
    elif unreceived.system == "aws_sns":
        code = "S10"
    if code != "unreceived":
        told = {(row["trace_hi"], row["trace_lo"], row["span_id"]): row for row in ends.to_pylist()}
        cause = load_causes()[code]
        title = cause.title
        consumer = next((told[span] for span in unreceived.consumers if span in told), None)
        producer = told.get(unreceived.example)
        fix = choose_fix(code, cause.side, _end(consumer), _end(producer), unreceived.destination)
    hi, lo, span_id = unreceived.example
    return {
        "code": code,
        "title": title,
        "fix": fix,
        "count": unreceived.missing,
        "sends": unreceived.sends,
        "example": span_ref({"trace_hi": hi, "trace_lo": lo, "span_id": span_id}),
    }


def _end(row: Mapping[str, Any] | None) -> End:
    """Of a row of ENDPOINTS."""
    if row is None:
        return End()
    scopes = ((row["scope_name"], row["scope_version"]),) if row["scope_name"] else ()
    languages = frozenset({row["sdk_language"]} - {None})
    return End(service=row["service_name"], languages=languages, scopes=scopes)
