SELECT *
FROM endpoints
WHERE ($role::VARCHAR IS NULL OR role = $role)
    AND ($environment::VARCHAR IS NULL OR environment = $environment)
    AND ($service_namespace::VARCHAR IS NULL OR service_namespace = $service_namespace)
    AND ($system::VARCHAR IS NULL OR system = $system)
    AND ($destination::VARCHAR IS NULL OR destination = $destination)
    AND ($service_name::VARCHAR IS NULL OR service_name = $service_name)
    AND ($span_name::VARCHAR IS NULL OR span_name = $span_name)
    AND ($start::BIGINT IS NULL OR start_time_unix_nano >= $start)
    AND ($end::BIGINT IS NULL OR start_time_unix_nano < $end)
    AND (NOT $unconnected OR (trace_hi, trace_lo, span_id) NOT IN (
        SELECT (consumer_trace_hi, consumer_trace_lo, consumer_span_id)
        FROM connections WHERE $unconnected AND confidence >= 0.8
        UNION ALL
        SELECT (producer_trace_hi, producer_trace_lo, producer_span_id)
        FROM connections WHERE $unconnected AND confidence >= 0.8
    ))
ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo, span_id, role
LIMIT $limit
