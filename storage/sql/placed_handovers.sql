-- ClickHouse reads this, too.
-- Hand-overs as edges.sql counts them, of some places and times.
SELECT
    system, destination, scope, producer_service_name, consumer_service_name,
    relation, attempt, dead_letter, wait_nano,
    consumer_start_time_unix_nano AS start
FROM connections
WHERE confidence >= 0.8 AND {placed}
    AND consumer_start_time_unix_nano >= $start AND ($end::BIGINT IS NULL OR consumer_start_time_unix_nano < $end)
UNION ALL
SELECT
    system, destination, scope, producer_service_name, service_name AS consumer_service_name,
    NULL AS relation, NULL AS attempt, NULL AS dead_letter, NULL AS wait_nano,
    start_time_unix_nano AS start
FROM orphans
WHERE producer_span_id IS NULL AND NOT is_send AND NOT hidden AND {placed}
    AND start_time_unix_nano >= $start AND ($end::BIGINT IS NULL OR start_time_unix_nano < $end)
