-- In two steps: the first reads few columns of all rows, the second all of few traces.
WITH chosen AS (
    SELECT *
    FROM connections
    WHERE confidence >= $min_confidence
        {of_trace}
        AND ($service IS NULL
            OR consumer_service_name = $service OR producer_service_name = $service)
        AND ($destination IS NULL OR destination = $destination)
        AND ($relation IS NULL OR relation = $relation)
        AND ($start IS NULL OR consumer_start_time_unix_nano >= $start)
        AND ($end IS NULL OR consumer_start_time_unix_nano < $end)
        AND ($after_start IS NULL
            OR consumer_start_time_unix_nano < $after_start
            OR (consumer_start_time_unix_nano = $after_start
                AND ({order})
                > ($after_consumer_trace_hi, $after_consumer_trace_lo, $after_consumer_span_id,
                    $after_producer_trace_hi, $after_producer_trace_lo, $after_producer_span_id,
                    $after_rule)))
)
SELECT *
FROM chosen
WHERE (consumer_trace_hi, consumer_trace_lo) IN (
    SELECT consumer_trace_hi, consumer_trace_lo
    FROM chosen
    ORDER BY consumer_start_time_unix_nano DESC, {order}
    LIMIT $limit
)
ORDER BY consumer_start_time_unix_nano DESC, {order}
LIMIT $limit
