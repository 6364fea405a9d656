-- When a process stopped receiving and when it began work of its own, to the second: the
-- key joins a receive span that ended before the handling of its message with what the
-- handling left. A receive has the key of the following second too. Hashes as in
-- insert_correlation.sql.
INSERT INTO message_keys BY NAME
WITH moments AS (
    SELECT
        trace_hi, trace_lo, span_id, resource_id,
        unnest([end_time_unix_nano // 1000000000, end_time_unix_nano // 1000000000 + 1]) AS second
    FROM incoming_spans
    WHERE kind IN (3, 5) AND contains(lower(name), 'receive')
    UNION ALL
    SELECT trace_hi, trace_lo, span_id, resource_id, start_time_unix_nano // 1000000000
    FROM incoming_spans
    WHERE kind = 1 AND parent_span_id IS NULL
)
SELECT
    md5_number_lower('work' || chr(0) || resource_id || chr(0) || second) AS key_hash,
    trace_hi, trace_lo, span_id
FROM moments
