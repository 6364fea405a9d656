-- Two writers may have stored one span at the same moment; the later copy is about to go.
SELECT {columns}
FROM spans
WHERE (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted)
ORDER BY trace_hi, trace_lo, start_time_unix_nano, span_id, content_hash, generation
LIMIT 1 BY trace_hi, trace_lo, span_id, content_hash
