-- ClickHouse reads this, too.
SELECT
    {key},
    count(*) AS count,
    count(*) FILTER (WHERE settled) AS settled_count
FROM (
    SELECT
        cause_code, expected, environment, service_namespace, producer_service_name, system,
        destination, scope, CASE WHEN NOT is_send THEN service_name END AS consumer_service_name,
        consumer_group,
        stored_at_unix_nano < $settled_before AS settled
    FROM orphans
    WHERE NOT hidden
)
GROUP BY {key}
ORDER BY count DESC, {order}
