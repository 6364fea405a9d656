-- First which rows, by few columns: the newest are looked for among very many.
WITH chosen AS MATERIALIZED (
    SELECT place AS chosen_place
    FROM endpoints
    WHERE ($role::VARCHAR IS NULL OR role = $role)
        AND ($environment::VARCHAR IS NULL OR environment = $environment)
        AND ($service_namespace::VARCHAR IS NULL OR service_namespace = $service_namespace)
        AND ($system::VARCHAR IS NULL OR system = $system)
        AND ($destination::VARCHAR IS NULL OR destination = $destination)
        AND ($service_name::VARCHAR IS NULL OR service_name = $service_name)
        AND ($service_version::VARCHAR IS NULL OR service_version = $service_version)
        AND (NOT $propagated OR relation IN ('parent', 'link'))
        AND ($span_name::VARCHAR IS NULL OR span_name = $span_name)
        AND ($start::BIGINT IS NULL OR start_time_unix_nano >= $start)
        AND ($end::BIGINT IS NULL OR start_time_unix_nano < $end)
        {unconnected}
    ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo, span_id, role
    LIMIT $limit
)
SELECT *
FROM endpoints
WHERE place IN (SELECT chosen_place FROM chosen)
ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo, span_id, role
