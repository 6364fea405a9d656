-- In two steps: the first reads few columns of all rows, the second all of few traces.
WITH chosen AS (
    SELECT *
    FROM endpoints
    WHERE ($role IS NULL OR role = $role)
        AND ($environment IS NULL OR environment = $environment)
        AND ($service_namespace IS NULL OR service_namespace = $service_namespace)
        AND ($system IS NULL OR system = $system)
        AND ($destination IS NULL OR destination = $destination)
        AND ($service_name IS NULL OR service_name = $service_name)
        AND ($service_version IS NULL OR service_version = $service_version)
        AND (NOT $propagated OR relation IN ('parent', 'link'))
        AND ($span_name IS NULL OR span_name = $span_name)
        AND ($start IS NULL OR start_time_unix_nano >= $start)
        AND ($end IS NULL OR start_time_unix_nano < $end)
        {unconnected}
)
SELECT *
FROM chosen
WHERE (trace_hi, trace_lo) IN (
    SELECT trace_hi, trace_lo
    FROM chosen
    ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo, span_id, role
    LIMIT $limit
)
ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo, span_id, role
LIMIT $limit
