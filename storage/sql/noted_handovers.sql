-- Few hand-overs have notes, and those of one edge mostly the same ones. The newest by its row
-- id: an ordered aggregate would hold the texts of all in memory.
WITH noted AS (
    SELECT
        consumer_environment AS environment,
        consumer_service_namespace AS service_namespace,
        producer_service_name, system, destination, scope, consumer_service_name,
        consumer_group, notes,
        count(*) AS count,
        arg_max(place, (
            consumer_start_time_unix_nano, consumer_trace_hi, consumer_trace_lo,
            consumer_span_id)) AS newest
    FROM connections
    WHERE confidence >= 0.8 AND notes <> '[]'
    GROUP BY ALL
)
SELECT
    {key}, count,
    newest.consumer_trace_hi AS trace_hi,
    newest.consumer_trace_lo AS trace_lo,
    newest.consumer_span_id AS span_id
FROM (
    SELECT
        noted.* EXCLUDE (newest),
        connections.consumer_trace_hi, connections.consumer_trace_lo,
        connections.consumer_span_id
    FROM noted
    JOIN connections ON connections.place = noted.newest
) AS newest
ORDER BY count DESC, {order}
