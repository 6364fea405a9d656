"""The verdict as JUnit XML, as Jenkins and GitLab read it: a test case for each hand-over
that was seen and for each expectation."""

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from tracestitch.check.faults import describe_fault, list_faults, name_hop, point_at
from tracestitch.check.findings import Finding
from tracestitch.check.verdict import Verdict
from tracestitch.orphans_text import draw_hop
from tracestitch.terminal import clean, clean_lines

_NAME = "tracestitch check"
_CLASS = "tracestitch.check"
# XML 1.0, production [2]: what else stands in a name of a span cannot be written.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(verdict: Verdict) -> str:
    faults = list_faults(verdict.findings)
    quiet: dict[str, tuple[Finding, str]] = {
        name_hop(finding): (finding, reason) for finding, reason in reversed(verdict.quiet)
    }
    met = [
        f"The hand-over {outcome.expectation} is propagated"
        for outcome in verdict.outcomes
        if outcome.missed is None
    ]
    names = sorted({*map(draw_hop, verdict.seen.edges), *faults, *quiet, *met})
    suite = Element("testsuite")
    for name in names:
        case = SubElement(suite, "testcase", classname=_CLASS, name=_legal(name))
        for fault in faults.get(name, ()):
            failure = SubElement(
                case, "failure", type=fault[0].code, message=_legal(describe_fault(fault))
            )
            told = (clean(point_at(fault[0]) or ""), clean_lines(fault[0].fix))
            failure.text = _legal("\n".join(text for text in told if text))
        if name not in faults and name in quiet:
            finding, reason = quiet[name]
            message = f"{finding.code} {finding.title}: {reason}"
            SubElement(case, "skipped", message=_legal(message))
    if verdict.remarks:
        SubElement(suite, "system-out").text = _legal("\n".join(map(clean, verdict.remarks)))
    counts = {
        "tests": str(len(names)),
        "failures": str(sum(len(faults.get(name, ())) for name in names)),
        "errors": "0",
    }
    skipped = sum(name in quiet and name not in faults for name in names)
    suite.attrib = {"name": _NAME, **counts, "skipped": str(skipped)}
    suites = Element("testsuites", {"name": _NAME, **counts})
    suites.append(suite)
    ElementTree.indent(suites)
    body = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
