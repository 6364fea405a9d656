"""Causes compete: each row of the table says what must hold and how sure that makes us.

The surest cause names the verdict, the others are listed. Where none reaches `DECISIVE` the
answer is `unknown`.
"""

from dataclasses import dataclass

from analyzer.case import Case
from analyzer.causes import UNKNOWN, Known, Line, load_causes
from analyzer.conditions import Finding

DECISIVE = 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    code: str
    confidence: float
    others: tuple[tuple[str, float], ...]
    """The other causes and their confidence, surest first."""
    line: Line | None
    """The row of the table that decided."""


def name_cause(case: Case) -> Verdict:
    """The surest cause; of several equally sure ones the first by code."""
    known: Known = {}
    found = [
        (line.confidence, code, line)
        for code, cause in load_causes().items()
        if (line := cause.match(case, known)) is not None and line.confidence > 0
    ]
    found.sort(key=lambda each: (-each[0], each[1]))
    others = tuple((code, confidence) for confidence, code, _ in found)
    if not found or found[0][0] < DECISIVE:
        return Verdict(UNKNOWN, 0.0, others, None)
    confidence, code, line = found[0]
    return Verdict(code, confidence, others[1:], line)


def tell_findings(case: Case, line: Line | None) -> list[Finding]:
    """What the conditions of the deciding row found."""
    if line is None:
        return []
    said = (condition.say(case) for condition, wanted in line.holds if wanted and condition.say)
    return [finding for finding in said if finding is not None]
