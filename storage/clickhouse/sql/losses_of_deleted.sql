-- Of the traces that are touched those that keep a span.
SELECT DISTINCT trace_hi, trace_lo
FROM spans
WHERE generation > $generation
    AND (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM touched)
