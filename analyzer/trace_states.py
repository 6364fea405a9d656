"""What trace ids and `tracestate` say of how a trace was sampled and who began it.

OpenTelemetry "TraceState: Probability Sampling": the entry `ot` holds `th`, the rejection
threshold (hex, trailing zeros left out), and may hold `rv`, the randomness that it is
compared with; else the last seven bytes of the trace id are. A trace is sampled where the
randomness is not below the threshold.
"""

import polars as pl

HEX_DIGITS = 14
_RANDOM_BITS = 2**56
_DAY = 86_400
_ENTRY = r"(?:^|,)\s*ot=([^,]*)"


def read_threshold(states: pl.Expr) -> pl.Expr:
    """`th` with all its digits, null where none is given."""
    return _field(states, "th", r"[0-9a-f]{1,14}").str.pad_end(HEX_DIGITS, "0")


def read_randomness(states: pl.Expr, trace_lo: pl.Expr) -> pl.Expr:
    """The 56 bits that are compared with thresholds: `rv`, else the last seven bytes of the
    trace id."""
    given = _field(states, "rv", r"[0-9a-f]{14}").str.to_integer(base=16, strict=False)
    return pl.coalesce(given, (trace_lo % _RANDOM_BITS).cast(pl.Int64))


def _field(states: pl.Expr, name: str, value: str) -> pl.Expr:
    fields = states.str.extract(_ENTRY, 1)
    return fields.str.extract(rf"(?:^|;)\s*{name}:({value})(?:;|\s*$)", 1)


def has_epoch_form(trace_hi: str) -> pl.Expr:
    """X-Ray ids begin with the epoch seconds of their making (X-Ray trace id format).

    Of a row with the column `start_time_unix_nano`: within a day before it and 60 s after;
    a random id fits by chance about twice in 100,000.
    """
    made = (pl.col(trace_hi) // 2**32).cast(pl.Int64)
    age = pl.col("start_time_unix_nano") // 1_000_000_000 - made
    return age.is_between(-60, _DAY)
