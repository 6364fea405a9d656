"""What work is called, and which requests ask for none that could send messages."""

import polars as pl

# An id, a version or a number in a path, and what follows a question mark.
_ID = r"/[^/?\s]*\d[^/?\s]*"
_QUERY = r"\?\S*"
# Safe methods: nobody asks for a change by them (RFC 9110, 9.2.1).
_SAFE = r"(?i)^(?:https?[ .])?(?:get|head|options|trace)\b"
# Paths and gRPC methods that ask whether a process lives (Kubernetes, Spring Boot Actuator,
# gRPC health checking), or for its figures (Prometheus). They are asked all the time.
_PROBE = (
    r"(?i)(?:^|[/ ])(?:health(?:[-_]?checks?|z)?|livez?|liveness|alive|readyz?|readiness"
    r"|startup|ping|metrics|prometheus)(?:[/?]|$)|\bgrpc\.health\."
)
# Consumer spans for waiting: Ruby's Bunny renames the span of a frame that delivers a message,
# Datadog's has neither topic nor partition where `poll` gave nothing.
_WAITING = r"^Bunny::ReaderLoop#run_once$|^kafka\.(?:consume|poll)$"


def name_operation(span_name: pl.Expr) -> pl.Expr:
    """The name of a span without the ids in its path, which differ from call to call."""
    return span_name.str.replace_all(_QUERY, "").str.replace_all(_ID, "/*")


def may_send(operation: pl.Expr) -> pl.Expr:
    """Whether a request of this name may be what a message was sent for: it asks for a change,
    and not for health or figures."""
    return ~(operation.str.contains(_SAFE) | operation.str.contains(_PROBE))


def may_wait(span_name: pl.Expr) -> pl.Expr:
    """Whether a span of this name may be one for waiting, without a message."""
    return span_name.str.contains(_WAITING)
