SELECT
    trace_hi, trace_lo, span_id,
    min(stored.generation) AS generation,
    argMin(stored.stored_at_unix_nano, stored.generation) AS stored_at_unix_nano
FROM spans AS stored
WHERE (trace_hi, trace_lo, span_id) IN (SELECT trace_hi, trace_lo, span_id FROM wanted)
GROUP BY trace_hi, trace_lo, span_id
