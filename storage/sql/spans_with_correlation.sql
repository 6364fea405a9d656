-- The hash finds the rows, key and value decide: hashes can be made to collide.
SELECT DISTINCT trace_hi, trace_lo, span_id
FROM correlation
WHERE key_hash = md5_number_lower('correlation' || chr(0) || $key || chr(0) || $value)
    AND key = $key
    AND value = $value
