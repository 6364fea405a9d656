"""Why an orphan root is one: a table of causes that compete.

Each row says what must hold and how sure that makes us; the surest names the verdict,
the others are listed. Where none reaches `DECISIVE` the answer is `unknown`. Titles and
fixes stand in causes.toml, the reasoning behind every row in docs/causes.md.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from analyzer.surroundings import Row, Surroundings

DECISIVE = 0.5
UNKNOWN = "unknown"

_AWS_API = re.compile(r"botocore|otelaws|aws-sdk|AWSSDK")
# Consumers that request and extract message attributes by themselves.
_EXTRACTS_ITSELF = re.compile(r"boto3sqs|aws[_-]lambda|instrumentation-aws-sdk|io\.opentelemetry\.")
# Which carrier of SQS a library uses: message attributes, or only the X-Ray header.
_WRITES_ATTRIBUTES = re.compile(r"boto3sqs|instrumentation-aws-sdk")
_READS_XRAY = re.compile(r"instrumentation-aws-lambda|io\.opentelemetry\.aws-")
_EXACT = ("message-id", "kafka-offset", "eventbridge-event-id")


@dataclass(frozen=True, slots=True)
class Case:
    """One orphan root as the table sees it."""

    root: Row
    """ORPHANS columns: system, destination, …"""
    facts: Row
    """analyzer.orphans.FACTS."""
    around: Surroundings

    @property
    def system(self) -> str | None:
        system: str | None = self.root["system"] or self.facts["producer_system"]
        return system

    @property
    def arrived(self) -> bool:
        """A context came over the wire, its span is not stored."""
        return self.facts["missing"] is not None

    @property
    def exact(self) -> bool:
        """An id that names one message found the producer."""
        return self.facts["rule"] in _EXACT

    @property
    def reachable(self) -> bool:
        return self.around.possible or self.facts["rule"] is not None

    @property
    def sqs(self) -> bool:
        """Sent to a queue and read from it, no context at all."""
        by_queue = self.facts["producer_system"] in (None, "aws_sqs")
        direct = self.around.direct or self.facts["producer_system"] == "aws_sqs"
        return not self.arrived and self.system == "aws_sqs" and by_queue and direct

    @property
    def kafka(self) -> bool:
        direct = self.around.direct or self.facts["rule"] is not None
        return not self.arrived and self.system == "kafka" and direct

    @property
    def event(self) -> bool:
        """Came over an event bus, no context at all."""
        sender = self.facts["producer_system"]
        over_bus = (
            self.system == "aws_eventbridge"
            or sender == "aws_eventbridge"
            or (sender is None and "aws_eventbridge" in self.around.bridges)
        )
        return not self.arrived and over_bus and self.reachable

    @property
    def from_topic(self) -> bool:
        """Came over an SNS topic, no context at all."""
        sender = self.facts["producer_system"]
        over_topic = sender == "aws_sns" or (sender is None and "aws_sns" in self.around.bridges)
        return not self.arrived and over_topic

    @property
    def by_hand(self) -> bool:
        return not _EXTRACTS_ITSELF.search(self.facts["scope_name"] or "")

    @property
    def sender_is_api(self) -> bool:
        """All producers are recorded at the AWS API, which writes no message attributes."""
        scopes = self.around.sender_scopes
        return (
            bool(scopes)
            and all(_AWS_API.search(s) for s in scopes)
            and not any(_WRITES_ATTRIBUTES.search(s) for s in scopes)
        )

    @property
    def sender_injects(self) -> bool:
        """All producers are recorded by libraries that write the message attributes."""
        scopes = self.around.sender_scopes
        return bool(scopes) and all(_WRITES_ATTRIBUTES.search(s) for s in scopes)


def _s1(case: Case) -> float:
    if not case.sqs or not case.by_hand:
        return 0.0
    if case.sender_is_api:
        return 0.3
    return 0.9 if case.exact else 0.6


def _s2(case: Case) -> float:
    if not case.sqs:
        return 0.0
    if case.sender_is_api:
        return 0.85
    return 0.3 if case.by_hand or case.sender_injects else 0.5


def _s3(case: Case) -> float:
    if not case.sqs:
        return 0.0
    if case.sender_injects and not case.by_hand and case.around.extracts:
        return 0.7  # both libraries work, and do for other messages
    return 0.4 if case.around.extracts else 0.25


def _s4(case: Case) -> float:
    if not case.sqs:
        return 0.0
    return 0.6 if case.sender_injects and not case.by_hand else 0.3


def _s5(case: Case) -> float:
    """The one writes message attributes, the other reads the X-Ray header."""
    reads_xray = _READS_XRAY.search(case.facts["scope_name"] or "")
    return 0.85 if case.sqs and case.sender_injects and reads_xray else 0.0


def _s6(case: Case) -> float:
    version = case.facts.get("scope_version") or ""
    broken = "aws_lambda" in (case.facts["scope_name"] or "") and version.startswith("0.65b")
    return 0.99 if case.sqs and broken else 0.0


def _s9(case: Case) -> float:
    if not case.from_topic:
        return 0.0
    only = case.facts["producer_system"] == "aws_sns" or case.around.bridges == {"aws_sns"}
    return 0.75 if only else 0.4


def _k1(case: Case) -> float:
    if not case.kafka:
        return 0.0
    return 0.85 if case.exact else 0.7


def _k3(case: Case) -> float:
    if not case.kafka:
        return 0.0
    if case.facts["producer_connected_elsewhere"]:
        return 0.9  # this very message brought its context to another consumer
    return 0.4 if case.around.others_connect and not case.around.extracts else 0.3


def _e1(case: Case) -> float:
    if not case.event:
        return 0.0
    if case.around.injects:
        return 0.3
    return 0.75 if case.exact else 0.6


def _e2(case: Case) -> float:
    if not case.event:
        return 0.0
    if not case.around.injects and not case.facts["producer_connected_elsewhere"]:
        return 0.2
    looks_elsewhere = case.root["system"] == "aws_sqs" and not case.around.extracts
    return 0.5 if looks_elsewhere else 0.8


def _e3(case: Case) -> float:
    if not case.event:
        return 0.0
    reads_queue = case.root["system"] == "aws_sqs"
    if reads_queue and case.around.injects and not case.around.extracts:
        return 0.7
    return 0.3


def _p1(case: Case) -> float:
    if not case.arrived or case.facts["missing_sampled"] or case.facts["rule"] == "same-trace":
        return 0.0
    # Python exporters never write the sampled bit: there its absence says nothing.
    told = case.facts["missing"] == "link" and case.facts["sdk_language"] not in (None, "python")
    return 0.9 if told else 0.6


def _p2(case: Case) -> float:
    if not case.arrived or case.facts["rule"] == "same-trace":
        return 0.0
    return 0.7 if case.facts["missing_sampled"] or case.facts["missing_trace_known"] else 0.4


def _k7(case: Case) -> float:
    """Surer than that the producer was never stored."""
    gone = case.arrived or not case.reachable
    return 0.92 if gone and case.facts.get("lost") and case.facts["rule"] is None else 0.0


def _k4(case: Case) -> float:
    return 0.85 if case.facts.get("after") == "connected" else 0.0


# Brokers whose messages have headers of their own and that have no cause of their own.
_HEADERS = ("rabbitmq", "jms", "activemq", "nats", "pulsar", "rocketmq")

TABLE: list[tuple[str, Callable[[Case], float]]] = [
    ("K4", _k4),
    ("X2", lambda case: 0.95 if case.facts["rule"] == "same-trace" else 0.0),
    (
        "X1",
        lambda case: (
            0.85
            if case.facts["missing"] == "parent" and case.facts["epoch_trace"] and case.exact
            else 0.0
        ),
    ),
    ("K7", _k7),
    ("P1", _p1),
    ("P2", _p2),
    (
        "T1",
        lambda case: (
            0.91 if case.system == "celery" and not case.arrived and not case.reachable else 0.0
        ),
    ),
    ("P3", lambda case: 0.9 if not case.arrived and not case.reachable else 0.0),
    (
        "S11",
        lambda case: (
            (0.8 if case.facts["rule"] else 0.6) if case.sqs and case.facts["dead_letter"] else 0.0
        ),
    ),
    ("S1", _s1),
    ("S2", _s2),
    ("S3", _s3),
    ("S4", _s4),
    ("S5", _s5),
    ("S6", _s6),
    ("S9", _s9),
    ("E2", _e2),
    ("E1", _e1),
    ("E3", _e3),
    ("K3", _k3),
    ("K1", _k1),
    ("K2", lambda case: 0.3 if case.kafka else 0.0),
    ("K6", lambda case: 0.75 if case.around.mirrored and not case.arrived else 0.0),
    (
        "R1",
        lambda case: (
            0.7 if case.system in _HEADERS and not case.arrived and case.reachable else 0.0
        ),
    ),
    ("P5", lambda case: 0.2 if case.sqs or case.kafka else 0.0),
]


@dataclass(frozen=True, slots=True)
class Verdict:
    code: str
    confidence: float
    others: list[tuple[str, float]]


def name_cause(case: Case) -> Verdict:
    """The surest cause (ties: first in the table) and the others, surest first."""
    found = [(code, confidence) for code, judge in TABLE if (confidence := judge(case)) > 0]
    if case.sqs and case.facts["dead_letter"]:
        # the same code, at another queue: S11 speaks for it
        found = [(c, min(p, 0.5) if c in ("S1", "S2") else p) for c, p in found]
    found.sort(key=lambda entry: -entry[1])
    if not found or found[0][1] < DECISIVE:
        return Verdict(UNKNOWN, 0.0, found)
    return Verdict(found[0][0], found[0][1], found[1:])


@cache
def load_causes() -> dict[str, dict[str, Any]]:
    """causes.toml: code -> title, fix, expected."""
    return tomllib.loads((resources.files("analyzer") / "causes.toml").read_text("utf-8"))
