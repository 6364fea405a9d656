SELECT DISTINCT trace_hi, trace_lo, span_id
FROM spans
SEMI JOIN wanted USING (trace_hi, trace_lo)
WHERE generation > $generation
