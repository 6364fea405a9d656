"""Attempts at messages as JSON objects (web/trace_shapes.py)."""

from collections.abc import Iterable

from analyzer.attempt_chains import Chain, is_told
from web.rows import span_hex, trace_hex
from web.trace_shapes import Attempt


def attempts_of(chains: Iterable[Chain]) -> list[Attempt]:
    """Of messages that were delivered more than once or died, all attempts at one together."""
    return [
        {
            "message": step.unit.message,
            "destination": step.unit.destination,
            "attempt": step.number,
            "trace_id": trace_hex(*step.unit.span[:2]),
            "span_id": span_hex(step.unit.span[2]),
            "outcome": step.outcome,
            "how": step.how,
            "gap_nano": step.gap,
            "chain": number,
            "ended_by": chain[-1].outcome,
        }
        for number, chain in enumerate(filter(is_told, chains), start=1)
        for step in chain
    ]
