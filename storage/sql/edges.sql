-- ClickHouse reads this, too.
-- A hand-over either connected or left an orphan without a producer, which is no send: that is
-- one end of another. The time to a further attempt is no wait in the queue: the attempts
-- before are in it. A dead letter brings the count of its attempts along: its first reading is
-- no redelivery.
WITH handovers AS (
    SELECT
        consumer_environment AS environment,
        consumer_service_namespace AS service_namespace,
        producer_service_name, system, destination, scope, consumer_service_name,
        consumer_group, relation, attempt, dead_letter, wait_nano,
        consumer_start_time_unix_nano AS start_time_unix_nano
    FROM connections
    WHERE confidence >= 0.8
    UNION ALL
    SELECT
        environment, service_namespace, producer_service_name, system, destination, scope,
        service_name AS consumer_service_name, consumer_group, NULL AS relation,
        NULL AS attempt, NULL AS dead_letter, NULL AS wait_nano, start_time_unix_nano
    FROM orphans
    WHERE producer_span_id IS NULL AND NOT is_send AND NOT hidden
)
SELECT
    {key},
    {figures},
    min(start_time_unix_nano) AS first_seen_unix_nano,
    max(start_time_unix_nano) AS last_seen_unix_nano
FROM handovers
GROUP BY {key}
ORDER BY count DESC, {order}
