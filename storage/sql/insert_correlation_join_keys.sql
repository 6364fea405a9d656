INSERT INTO join_keys BY NAME
SELECT DISTINCT
    md5_number_lower('correlation' || chr(0) || key || chr(0) || value) AS key_hash,
    trace_hi, trace_lo, span_id
FROM incoming_correlation
