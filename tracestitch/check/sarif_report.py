"""The verdict as SARIF 2.1.0 (OASIS standard, with errata 01), as code scanning reads it: one
result for all findings of one fingerprint."""

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tracestitch.check.faults import describe_fault, name_hop, point_at
from tracestitch.check.findings import EXPECTATION, Finding
from tracestitch.check.verdict import Verdict
from tracestitch.terminal import clean, clean_lines

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_EXPECTATION = "A hand-over that is expected is not there or not propagated"


def write_sarif(verdict: Verdict, places: Sequence[str], version: str) -> str:
    """`places` are the files that were read, or the address of the server: the spans do not
    say which line of code made them, so that the first of these stands for it."""
    first = {finding.code: finding for finding in reversed(verdict.findings)}
    codes = sorted(first)
    same = groupby(
        sorted(verdict.findings, key=lambda each: (each.fingerprint, each.order)),
        key=lambda each: each.fingerprint,
    )
    results = [_result(list(members), codes, places) for _, members in same]
    run = {
        "tool": {
            "driver": {
                "name": "tracestitch",
                "version": version,
                "rules": [_rule(first[code]) for code in codes],
            }
        },
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": clean(remark)}}
                    for remark in verdict.remarks
                ],
            }
        ],
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(finding: Finding) -> dict[str, Any]:
    title = _EXPECTATION if finding.code == EXPECTATION else finding.title
    return {
        "id": finding.code,
        "shortDescription": {"text": title},
        "help": {"text": clean_lines(finding.fix)},
        "defaultConfiguration": {"level": "error"},
    }


def _result(same: list[Finding], codes: list[str], places: Sequence[str]) -> dict[str, Any]:
    example = same[0]
    hop = name_hop(example)
    said = [describe_fault(same)] if example.code == EXPECTATION else [hop, describe_fault(same)]
    said += [point_at(example) or "", example.fix]
    owner = "/".join(clean(text) for text in (example.service_name, example.span_name) if text)
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": _address(places[0])}},
        "logicalLocations": [{"fullyQualifiedName": owner or "unknown service"}],
    }
    return {
        "ruleId": example.code,
        "ruleIndex": codes.index(example.code),
        "level": "warning" if example.expected else "error",
        "message": {"text": clean_lines("\n".join(filter(None, said)))},
        "locations": [location],
        "occurrenceCount": len(same),
        "partialFingerprints": {"tracestitch/v1": example.fingerprint},
        "properties": {"traceId": example.trace_id, "spanId": example.span_id},
    }


def _address(place: str) -> str:
    if "://" in place:
        return place
    path = Path(place)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix(), errors="replace")
