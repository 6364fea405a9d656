-- A hand-over either connected or left an orphan without a producer. The time to a further
-- attempt is no wait in the queue: the attempts before are in it. A dead letter brings the
-- count of its attempts along: its first reading is no redelivery.
WITH handovers AS (
    SELECT
        consumer_environment AS environment,
        consumer_service_namespace AS service_namespace,
        producer_service_name, system, destination, scope, consumer_service_name,
        consumer_group, relation, attempt, dead_letter, wait_nano,
        consumer_start_time_unix_nano AS start_time_unix_nano
    FROM connections
    WHERE confidence >= 0.8
    UNION ALL BY NAME
    SELECT
        environment, service_namespace, producer_service_name, system, destination, scope,
        service_name AS consumer_service_name, consumer_group, start_time_unix_nano
    FROM orphans
    WHERE producer_span_id IS NULL AND NOT hidden
)
SELECT
    {key},
    count(*) AS count,
    count(*) FILTER (relation = 'parent') AS parent,
    count(*) FILTER (relation = 'link') AS link,
    count(*) FILTER (relation = 'stitch') AS stitch,
    count(*) FILTER (attempt > 1 AND dead_letter IS NOT TRUE) AS redeliveries,
    count(*) FILTER (dead_letter) AS dead_letters,
    -- All at once: each quantile of its own would hold all waits in memory.
    quantile_disc(wait_nano, [0.50, 0.95, 0.99]) FILTER (attempt IS NULL OR attempt <= 1) AS waits,
    waits[1] AS wait_p50_nano,
    waits[2] AS wait_p95_nano,
    waits[3] AS wait_p99_nano,
    min(start_time_unix_nano) AS first_seen_unix_nano,
    max(start_time_unix_nano) AS last_seen_unix_nano
FROM handovers
GROUP BY {key}
ORDER BY count DESC, {order}
