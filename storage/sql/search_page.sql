-- The traces of one page and nothing else about them: what the page shows is read for
-- these few. The key of the attribute is a JSON pointer made by the caller, a value
-- like any other.
WITH matched AS (
    SELECT DISTINCT trace_hi, trace_lo
    FROM {source}
    WHERE ($pointer::VARCHAR IS NULL OR json_extract_string(attributes, $pointer) = $value)
        AND ($service::VARCHAR IS NULL
            OR resource_number IN (SELECT number FROM resources WHERE service_name = $service))
        AND ($name::VARCHAR IS NULL OR name = $name)
        AND ($status_code::INTEGER IS NULL OR status_code = $status_code)
        AND ($min_duration::BIGINT IS NULL OR duration_nano >= $min_duration)
        AND ($start::BIGINT IS NULL OR start_time_unix_nano >= $start)
        AND ($end::BIGINT IS NULL OR start_time_unix_nano < $end)
)
SELECT trace_hi, trace_lo, min(start_time_unix_nano) AS start_time_unix_nano
FROM spans
SEMI JOIN matched USING (trace_hi, trace_lo)
GROUP BY trace_hi, trace_lo
HAVING $after_start::BIGINT IS NULL
    OR min(start_time_unix_nano) < $after_start
    OR (min(start_time_unix_nano) = $after_start
        AND (trace_hi, trace_lo) > ($after_trace_hi::UBIGINT, $after_trace_lo::UBIGINT))
ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo
LIMIT $limit
