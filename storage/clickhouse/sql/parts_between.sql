SELECT *
FROM {table}
WHERE generation > $after AND generation <= $upto
ORDER BY generation, trace_hi, trace_lo, span_id, content_hash, position
