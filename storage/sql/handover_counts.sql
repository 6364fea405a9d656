-- ClickHouse reads this, too.
-- As edges.sql groups them; a stitched root is in both halves, once as a hand-over. A send
-- that broke did so before anybody took its message: without a consumer.
WITH handovers AS (
    SELECT
        consumer_environment AS environment,
        consumer_service_namespace AS service_namespace,
        producer_service_name, system, destination, scope, consumer_service_name,
        consumer_group, true AS is_counted, relation IN ('parent', 'link') AS is_connected,
        false AS is_broken, consumer_start_time_unix_nano >= $since AS is_recent
    FROM connections
    WHERE confidence >= 0.8
    UNION ALL
    SELECT
        environment, service_namespace, producer_service_name, system, destination, scope,
        CASE WHEN NOT is_send THEN service_name END, consumer_group,
        producer_span_id IS NULL AND NOT is_send, false,
        NOT expected AND stored_at_unix_nano < $settled_before,
        start_time_unix_nano >= $since
    FROM orphans
    WHERE NOT hidden
)
SELECT
    {key},
    count(*) FILTER (WHERE is_counted) AS count,
    count(*) FILTER (WHERE is_connected) AS connected,
    count(*) FILTER (WHERE is_broken) AS broken,
    count(*) FILTER (WHERE is_connected AND is_recent) AS recent_connected,
    count(*) FILTER (WHERE is_broken AND is_recent) AS recent_broken
FROM handovers
GROUP BY {key}
ORDER BY count DESC, {order}
