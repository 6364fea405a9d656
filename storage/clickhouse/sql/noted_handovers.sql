-- Few hand-overs have notes, and those of one edge mostly the same ones.
SELECT
    {key}, count, newest.1 AS trace_hi, newest.2 AS trace_lo, newest.3 AS span_id
FROM (
    SELECT
        consumer_environment AS environment,
        consumer_service_namespace AS service_namespace,
        producer_service_name, system, destination, scope, consumer_service_name,
        consumer_group, notes,
        count(*) AS count,
        argMax(
            (consumer_trace_hi, consumer_trace_lo, consumer_span_id),
            (consumer_start_time_unix_nano, consumer_trace_hi, consumer_trace_lo, consumer_span_id)
        ) AS newest
    FROM connections
    WHERE confidence >= 0.8 AND notes <> '[]'
    GROUP BY {key}
)
ORDER BY count DESC, {order}
