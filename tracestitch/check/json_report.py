"""The verdict as JSON; names are a promise (docs/check.md)."""

import json
from typing import Any

from tracestitch.check.findings import Finding
from tracestitch.check.verdict import Verdict


def write_json(verdict: Verdict) -> str:
    return json.dumps(
        {
            "findings": [_tell(finding) for finding in verdict.findings],
            "quiet": [_tell(finding) | {"reason": reason} for finding, reason in verdict.quiet],
            "expectations": [
                {"expect": str(outcome.expectation), "met": outcome.missed is None}
                for outcome in verdict.outcomes
            ],
            "remarks": list(verdict.remarks),
            "summary": _summarise(verdict),
        },
        indent=2,
    )


def _tell(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "title": finding.title,
        "confidence": finding.confidence,
        "expected": finding.expected,
        "fix": finding.fix,
        "trace_id": finding.trace_id,
        "span_id": finding.span_id,
        "service_name": finding.service_name,
        "destination": finding.destination,
        "service_namespace": finding.service_namespace,
        "environment": finding.environment,
        "system": finding.system,
        "consumer_group": finding.consumer_group,
        "span_name": finding.span_name,
        "producer_service": finding.producer_service,
        "fingerprint": finding.fingerprint,
    }


def _summarise(verdict: Verdict) -> dict[str, int | bool]:
    return {
        "passed": not verdict.findings,
        "findings": len(verdict.findings),
        "orphan_roots": verdict.orphan_roots,
        "expectations_missed": verdict.expectations_missed,
        **verdict.counts,
        "hand_overs": verdict.seen.hand_overs,
        "propagated": verdict.seen.propagated,
        "spans": verdict.seen.spans,
        "traces": verdict.seen.traces,
    }
