SELECT trace_hi, trace_lo, span_id, content_hash, correlation_id
FROM spans
SEMI JOIN keyed USING (trace_hi, trace_lo)
WHERE correlation_id IS NOT NULL AND {within}
