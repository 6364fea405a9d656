"""Verdicts for the tests of reports."""

from tests.unit.check.objects import edge, finding
from tracestitch.check.expectations import Expectation, judge_expectation
from tracestitch.check.verdict import Seen, Verdict

HOSTILE = '\x1b[31m<&"\x00\ud800]]>\N{RIGHT-TO-LEFT OVERRIDE}\n- item'

CLEAN = Verdict(Seen(9, 3, edges=[edge(count=2, connected=2)]), (), (), ())

_MET = judge_expectation(
    Expectation("orders", "payment-service"), [edge(count=1, connected=1)], [], strict=False
)
_MISSED = judge_expectation(Expectation("invoices", "audit"), [], [], strict=False)
assert _MISSED.missed is not None

BROKEN = Verdict(
    seen=Seen(9, 3, edges=[edge(count=3), edge(count=1, connected=1, destination="invoices")]),
    findings=(
        finding(),
        finding(trace_id="t2", confidence=0.7),
        finding(code="S3", title="Title of S3", trace_id="t3", span_name="other"),
        _MISSED.missed,
    ),
    quiet=(
        (finding(code="P1", title="Title of P1", expected=True, destination="late"), "expected"),
    ),
    outcomes=(_MISSED, _MET),
    remarks=("Something odd.",),
)


def hostile() -> Verdict:
    """Every text that comes from spans is garbage."""
    names = ("service_name", "destination", "system", "span_name", "producer_service")
    found = finding(**dict.fromkeys((*names, "fix", "consumer_group", "environment"), HOSTILE))
    bad = edge(count=1, destination=HOSTILE, consumer_service=HOSTILE, producer_service=HOSTILE)
    return Verdict(Seen(1, 1, edges=[bad]), (found,), ((found, "allowed"),), (), (HOSTILE,))
