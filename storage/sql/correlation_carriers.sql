-- As spans_with_correlation, with the content hash: other conditions of a search must
-- hold for the same span.
SELECT DISTINCT trace_hi, trace_lo, span_id, content_hash
FROM correlation
WHERE key_hash = md5_number_lower('correlation' || chr(0) || $key || chr(0) || $value)
    AND key = $key
    AND value = $value
