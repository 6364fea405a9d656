"""Roots of AWS Lambda's invocations, which do not always say what invoked them."""

import polars as pl

from analyzer.frame import Frame
from analyzer.roles import SERVER
from analyzer.trace_states import has_epoch_form
from storage.cheap_rows import is_given, where

# Calls that invoke a function or a state machine, as AWS SDKs' instrumentations name them.
_CALLS = r"^(?:Lambda|SFN|Sfn)\.(?:Invoke|Start\w*Execution)|\S invoke$"


def lambda_roots(frame: Frame) -> pl.DataFrame:
    """SERVER spans with what tells a function's invocation: `row`, `trigger`, …"""
    rows = frame["row"].filter(frame["marked"] & (frame["kind"] == SERVER) & frame.is_role(None))
    return frame.tell(rows, "row", "parent_span_id", "trigger", "invocation_id")


def silent_lambdas(frame: Frame, invoked: pl.DataFrame) -> pl.Series:
    """Rows of those `invoked` (lambda_roots) without trigger: Python's for an EventBridge or
    SNS event, and also for a timer or a direct call. One that sends is rather where the work
    entered. The parent may be missing where it is X-Ray's, which is no producer's: its trace
    id tells, or that the trace sends, for AWS puts segments of its own into any trace. Unless
    the trace holds a call of a function or state machine, which may have invoked it as well."""
    invoked = where(invoked, is_given(invoked["invocation_id"]) & ~is_given(invoked["trigger"]))
    if invoked.is_empty():
        return invoked["row"]
    told = frame.tell(
        invoked["row"], "trace", "trace_hi", "parent_missing", start_time_unix_nano="start"
    )
    traces = frame.rows.select("trace", "name").join(told, on="trace", how="semi")
    called = traces.filter(pl.col("name").str.contains(_CALLS))["trace"].unique()
    sends = frame.is_role("send")
    sending_traces = frame["trace"].filter(sends).unique()
    begun = pl.col("parent_span_id").is_null() | (
        pl.col("parent_missing")
        & (has_epoch_form("trace_hi") | pl.col("trace").is_in(sending_traces.implode()))
        & ~pl.col("trace").is_in(called.implode())
    )
    roots = invoked.hstack(told).filter(begun)["row"]
    sending = frame.flag(frame["top"].filter(sends))
    return roots.filter(~sending[roots])
