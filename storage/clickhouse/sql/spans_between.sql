SELECT {columns}
FROM spans
WHERE generation > $after AND generation <= $upto
ORDER BY generation, trace_hi, trace_lo, start_time_unix_nano, span_id, content_hash
