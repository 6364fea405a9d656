-- ClickHouse reads this, too.
SELECT {columns}
FROM orphans
WHERE ($hidden OR NOT hidden)
    AND ($trace_hi::UBIGINT IS NULL OR (trace_hi = $trace_hi AND trace_lo = $trace_lo))
    AND ($cause::VARCHAR IS NULL OR cause_code = $cause)
    AND ($service::VARCHAR IS NULL OR service_name = $service)
    AND ($destination::VARCHAR IS NULL OR destination = $destination)
    AND ($expected::BOOLEAN IS NULL OR expected = $expected)
    AND ($settled::BOOLEAN IS NULL OR (stored_at_unix_nano < $settled_before) = $settled)
    AND ($start::BIGINT IS NULL OR start_time_unix_nano >= $start)
    AND ($end::BIGINT IS NULL OR start_time_unix_nano < $end)
    AND ($after_start::BIGINT IS NULL
        OR start_time_unix_nano < $after_start
        OR (start_time_unix_nano = $after_start
            AND (trace_hi, trace_lo, span_id)
            > ($after_trace_hi::UBIGINT, $after_trace_lo::UBIGINT, $after_span_id::UBIGINT)))
ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo, span_id
LIMIT $limit
