SELECT DISTINCT trace_hi, trace_lo, span_id
FROM spans
WHERE generation > $generation
    AND (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted)
