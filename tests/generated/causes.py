"""Which cause a fault is, and which others its spans cannot be told from."""

_SQS = ["S1", "S2", "S3", "S4", "S5", "P5"]
_KAFKA = ["K1", "K2", "K3", "P5"]
_EVENTS = ["E1", "E2", "E3"]

# (system, fault) -> the cause, and those that look alike
_CAUSES = {
    ("sqs", "not read"): ("S1", _SQS),
    ("sqs", "not written"): ("S2", _SQS),
    ("sqs", "some"): ("S3", _SQS),
    ("sqs", "carriers"): ("S5", _SQS),
    ("kafka", "not read"): ("K3", _KAFKA),
    ("kafka", "not written"): ("K1", _KAFKA),
    ("kafka", "some"): ("K2", _KAFKA),
    ("sns", "not read"): ("S9", [*_SQS]),
    ("sns", "not written"): ("S9", [*_SQS]),
    ("sns", "some"): ("S9", [*_SQS]),
    ("sns", "carriers"): ("S9", [*_SQS]),
    ("eventbridge", "not read"): ("E2", _EVENTS),
    ("eventbridge", "not written"): ("E1", _EVENTS),
    ("eventbridge", "some"): ("E2", _EVENTS),
    ("eventbridge", "carriers"): ("E1", _EVENTS),
    ("celery", "uninstrumented"): ("T1", ["P3"]),
    ("celery", "not written"): ("T1", ["P3", "unknown"]),
}
_ANYWHERE = {
    "uninstrumented": ("P3", ["K7"]),
    "unsampled": ("P1", ["P2"]),
    "lost": ("P2", ["P1"]),
    "X-Ray": ("X1", ["P1", "P2", "P5"]),
    "rewritten": ("X2", ["P1", "P2"]),
    "closed": ("K4", []),
}


def cause_of(system: str, fault: str, *, dead_letter: bool) -> tuple[str, list[str]]:
    cause, alike = _CAUSES.get((system, fault)) or _ANYWHERE.get(fault) or ("R1", ["unknown", "P5"])
    if dead_letter:
        alike = [*alike, "S11"]
    return cause, [code for code in alike if code != cause]
