SELECT *
FROM orphans
WHERE ($hidden OR NOT hidden)
    AND ($trace_hi IS NULL OR (trace_hi = $trace_hi AND trace_lo = $trace_lo))
    AND ($cause IS NULL OR cause_code = $cause)
    AND ($service IS NULL OR service_name = $service)
    AND ($destination IS NULL OR destination = $destination)
    AND ($expected IS NULL OR expected = $expected)
    AND ($settled IS NULL OR (stored_at_unix_nano < $settled_before) = $settled)
    AND ($start IS NULL OR start_time_unix_nano >= $start)
    AND ($end IS NULL OR start_time_unix_nano < $end)
    AND ($after_start IS NULL
        OR start_time_unix_nano < $after_start
        OR (start_time_unix_nano = $after_start
            AND (trace_hi, trace_lo, span_id)
            > ($after_trace_hi, $after_trace_lo, $after_span_id)))
ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo, span_id
LIMIT $limit
