SELECT trace_hi, trace_lo, span_id, content_hash
FROM {rows}
SEMI JOIN (
    SELECT correlation_id FROM correlation WHERE key = $key AND value = $value AND {within}
) USING (correlation_id)
