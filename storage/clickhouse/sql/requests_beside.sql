-- No sum of times: they may be as large as their type. Joined by parts of time of the length
-- `within`, of which only the one of the send and the one before can hold its requests.
SELECT DISTINCT trace_hi, trace_lo
FROM (
    SELECT trace_hi, trace_lo, span_id, kind, start_time_unix_nano, parts.resource_id, sent
    FROM spans
    JOIN (
        SELECT DISTINCT
            resource_id, start_time_unix_nano AS sent,
            intDiv(start_time_unix_nano, $within) - back AS part
        FROM sends
        ARRAY JOIN [0, 1] AS back
    ) AS parts
        ON spans.resource_id = parts.resource_id
        AND intDiv(spans.start_time_unix_nano, $within) = parts.part
    WHERE kind IN (2, 5)
        AND start_time_unix_nano BETWEEN $first AND $last
        AND sent - start_time_unix_nano BETWEEN 0 AND $within
        AND sent - end_time_unix_nano <= $after
    ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo, span_id
    LIMIT $latest BY parts.resource_id, sent, kind
)
