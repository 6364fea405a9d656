-- md5 and not hash(): the numbers are kept in files, and hash() may change with
-- DuckDB's version. A zero byte cannot stand in a key, so that key and value
-- never run into each other.
INSERT INTO correlation BY NAME
SELECT
    c.*,
    md5_number_lower('correlation' || chr(0) || c.key || chr(0) || c.value) AS key_hash,
    s.start_time_unix_nano
FROM incoming_correlation AS c
JOIN incoming_spans AS s USING (trace_hi, trace_lo, span_id, content_hash)
