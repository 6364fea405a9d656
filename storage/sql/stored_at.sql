SELECT trace_hi, trace_lo, span_id, arg_min(stored_at_unix_nano, generation) AS stored_at_unix_nano
FROM spans
SEMI JOIN wanted USING (trace_hi, trace_lo, span_id)
GROUP BY ALL
