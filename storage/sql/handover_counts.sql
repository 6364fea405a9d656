-- As edges.sql groups them; a stitched root is in both halves, once as a hand-over.
WITH handovers AS (
    SELECT
        consumer_environment AS environment,
        consumer_service_namespace AS service_namespace,
        producer_service_name, system, destination, scope, consumer_service_name,
        consumer_group, true AS counted, relation IN ('parent', 'link') AS connected,
        false AS broken, consumer_start_time_unix_nano >= $since AS recent
    FROM connections
    WHERE confidence >= 0.8
    UNION ALL BY NAME
    SELECT
        environment, service_namespace, producer_service_name, system, destination, scope,
        service_name AS consumer_service_name, consumer_group,
        producer_span_id IS NULL AS counted, false AS connected,
        NOT expected AND stored_at_unix_nano < $settled_before AS broken,
        start_time_unix_nano >= $since AS recent
    FROM orphans
    WHERE NOT hidden
)
SELECT
    {key},
    count(*) FILTER (counted) AS count,
    count(*) FILTER (connected) AS connected,
    count(*) FILTER (broken) AS broken,
    count(*) FILTER (connected AND recent) AS recent_connected,
    count(*) FILTER (broken AND recent) AS recent_broken
FROM handovers
GROUP BY {key}
ORDER BY count DESC, {order}
