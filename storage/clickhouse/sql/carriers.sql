SELECT trace_hi, trace_lo, span_id, content_hash
FROM spans
WHERE (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM keys WHERE key_hash = $key_hash)
    AND correlation_id IN (
        SELECT correlation_id FROM correlation WHERE key = $key AND value = $value
    )
