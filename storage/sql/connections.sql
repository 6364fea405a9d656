-- First when the last of them began, which DuckDB tells by one column; of those since, which
-- rows they are, by few columns; then these.
WITH told AS NOT MATERIALIZED (
    SELECT *
    FROM connections
    WHERE confidence >= $min_confidence
        {of_trace}
        AND ($service::VARCHAR IS NULL
            OR consumer_service_name = $service OR producer_service_name = $service)
        AND ($destination::VARCHAR IS NULL OR destination = $destination)
        AND ($relation::VARCHAR IS NULL OR relation = $relation)
        AND ($start::BIGINT IS NULL OR consumer_start_time_unix_nano >= $start)
        AND ($end::BIGINT IS NULL OR consumer_start_time_unix_nano < $end)
        AND ($after_start::BIGINT IS NULL
            OR consumer_start_time_unix_nano < $after_start
            OR (consumer_start_time_unix_nano = $after_start
                AND (consumer_trace_hi, consumer_trace_lo, consumer_span_id,
                    producer_trace_hi, producer_trace_lo, producer_span_id, rule)
                > ($after_consumer_trace_hi::UBIGINT, $after_consumer_trace_lo::UBIGINT,
                    $after_consumer_span_id::UBIGINT, $after_producer_trace_hi::UBIGINT,
                    $after_producer_trace_lo::UBIGINT, $after_producer_span_id::UBIGINT,
                    $after_rule::VARCHAR)))
),
since AS MATERIALIZED (
    SELECT min(consumer_start_time_unix_nano) AS start
    FROM (
        SELECT consumer_start_time_unix_nano
        FROM told
        ORDER BY consumer_start_time_unix_nano DESC
        LIMIT $limit
    )
),
chosen AS MATERIALIZED (
    SELECT place AS chosen_place
    FROM told
    WHERE consumer_start_time_unix_nano >= (SELECT start FROM since)
    ORDER BY consumer_start_time_unix_nano DESC,
        consumer_trace_hi, consumer_trace_lo, consumer_span_id,
        producer_trace_hi, producer_trace_lo, producer_span_id, rule
    LIMIT $limit
)
SELECT *
FROM connections
WHERE place IN (SELECT chosen_place FROM chosen)
ORDER BY consumer_start_time_unix_nano DESC,
    consumer_trace_hi, consumer_trace_lo, consumer_span_id,
    producer_trace_hi, producer_trace_lo, producer_span_id, rule
