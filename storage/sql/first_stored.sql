-- The oldest append wins, whatever the clock said since.
SELECT trace_hi, trace_lo, span_id, arg_min(stored_at_unix_nano, generation) AS stored_at_unix_nano
FROM spans
WHERE {within} AND {chosen}
GROUP BY trace_hi, trace_lo, span_id
