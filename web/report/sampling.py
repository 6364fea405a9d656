"""Where contexts arrive and point at spans that are not stored: the page and its JSON."""

from dataclasses import dataclass
from typing import Literal, TypedDict

from starlette.requests import Request
from starlette.responses import Response

from analyzer.sampling_gaps import find_gaps
from storage.contract import Page
from storage.results import Row
from web.api import PREFIX, json_response
from web.frame import render
from web.paging import slice_table
from web.parameters import Parameters
from web.routing import Router
from web.rows import identity_object, span_ref
from web.shapes import Identity, SpanRef
from web.site import Site

# Of the newest stored spans so many are looked at, and so many of the contexts they received.
SPANS = 500_000
_CONTEXTS = 200_000
_RANDOM_BITS = 2**56

Verdict = Literal["unsampled", "lost", "xray", "unknown"]
# What most of an edge's absent targets are, what it means, and what to do.
MEANINGS: dict[Verdict, tuple[str, str]] = {
    "unsampled": (
        "The producer does not sample these traces: their spans will never come, and the"
        " consumer begins traces of its own or joins ones without a beginning.",
        "Give all services of the pipeline the same parent-based sampler and the same ratio,"
        " so that a message is recorded on both sides or on none:"
        " OTEL_TRACES_SAMPLER=parentbased_traceidratio and OTEL_TRACES_SAMPLER_ARG.",
    ),
    "lost": (
        "The producer sampled these traces, and its spans are not here: they were dropped on"
        " the way, sampled away by a Collector, or exported to somewhere else.",
        "Look at the queue and the errors of the producer's exporter, at refusals and tail"
        " sampling of the Collectors on the way, and whether the producer exports to this"
        " server at all.",
    ),
    "xray": (
        "The contexts point at segments that X-Ray made for Lambda, API Gateway or EventBridge:"
        " they are exported to X-Ray alone.",
        "Nothing of your own is missing. Where the producer's own context should arrive, have"
        " the consumer read it from the message: OTEL_PROPAGATORS=tracecontext,baggage"
        " without xray and xray-lambda.",
    ),
    "unknown": (
        "The contexts do not say whether they were sampled: the exporter writes no trace flags"
        " (the Python SDK never does), or a parent is missing.",
        "See whether spans of the producer arrive at all. Where some do, its sampler decides"
        " otherwise than the consumer's; where none do, it exports elsewhere. A sampler that"
        " writes its threshold into tracestate (ot=th) makes this certain.",
    ),
}

router = Router()


class Gap(Identity):
    contexts: int
    stored: int
    absent: int
    absent_share: float
    said_sampled: int
    said_unsampled: int
    proven_unsampled: int
    xray_segment: int
    unknown: int
    sampling_ratio: float | None  # that the proof was made by
    verdict: Verdict
    meaning: str
    fix: str
    example: SpanRef  # the newest span with an absent target


class Gaps(TypedDict):
    sampling: list[Gap]
    next_cursor: str | None
    spans: int  # about how many of the newest were looked at


@router.get(f"{PREFIX}/sampling")
def sampling(request: Request) -> Response:
    given = Parameters(request.query_params, ("limit", "cursor"))
    return json_response(gaps_answer(request.app.state.site, given.page()))


@router.get("/sampling")
def show_sampling(request: Request) -> Response:
    Parameters(request.query_params, ())
    site: Site = request.app.state.site
    gaps = [(gap, split_gap(gap)) for gap in gaps_answer(site, Page(1_000))["sampling"]]
    stored = site.store.status().spans
    return render(request, "sampling.html", "/orphans", gaps=gaps, stored=stored, most=SPANS)


def gaps_answer(site: Site, page: Page) -> Gaps:
    """Most absent first."""
    contexts = site.store.arrived_contexts(SPANS, _CONTEXTS)
    gaps = find_gaps(contexts, site.store.senders()).rename(
        {"producer_service": "producer_service_name"}
    )
    rows = slice_table(gaps.to_arrow(), page)
    found = [_gap(row) for row in rows.table.to_pylist()]
    return {"sampling": found, "next_cursor": rows.next, "spans": SPANS}


@dataclass(frozen=True, slots=True)
class GapPart:
    """Absent targets of an edge that are absent for one reason."""

    verdict: Verdict
    name: str
    count: int
    meaning: str
    fix: str


_NAMES: dict[Verdict, str] = {
    "unsampled": "not sampled",
    "lost": "sampled, but lost",
    "xray": "segments of X-Ray",
    "unknown": "not said",
}


def split_gap(gap: Gap) -> list[GapPart]:
    """Largest part first; together all absent ones."""
    counts: dict[Verdict, int] = {
        "unsampled": gap["said_unsampled"] + gap["proven_unsampled"],
        "lost": gap["said_sampled"],
        "xray": gap["xray_segment"],
        "unknown": gap["unknown"],
    }
    parts = [
        GapPart(verdict, _NAMES[verdict], count, *MEANINGS[verdict])
        for verdict, count in counts.items()
        if count
    ]
    return sorted(parts, key=lambda part: -part.count)


def _gap(row: Row) -> Gap:
    verdict = _judge(row)
    meaning, fix = MEANINGS[verdict]
    threshold = row["threshold"]
    ratio = None if threshold is None else 1 - int(threshold, 16) / _RANDOM_BITS
    return {
        **identity_object(row, consumer="consumer_service"),
        "contexts": row["contexts"],
        "stored": row["stored"],
        "absent": row["absent"],
        "absent_share": row["absent"] / row["contexts"],
        "said_sampled": row["said_sampled"],
        "said_unsampled": row["said_unsampled"],
        "proven_unsampled": row["proven_unsampled"],
        "xray_segment": row["xray_segment"],
        "unknown": row["unknown"],
        "sampling_ratio": ratio,
        "verdict": verdict,
        "meaning": meaning,
        "fix": fix,
        "example": span_ref(row),
    }


def _judge(row: Row) -> Verdict:
    """What most of those are that say anything."""
    told: dict[Verdict, int] = {
        "unsampled": row["said_unsampled"] + row["proven_unsampled"],
        "lost": row["said_sampled"],
        "xray": row["xray_segment"],
    }
    best = max(told, key=lambda verdict: told[verdict])
    return best if told[best] else "unknown"
