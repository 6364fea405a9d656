-- ClickHouse reads this, too.
SELECT
    environment, destination, service_name,
    count(*) AS count,
    max(start_time_unix_nano) AS last_start_unix_nano
FROM (
    SELECT environment, destination, service_name, start_time_unix_nano
    FROM endpoints
    WHERE role = 'process' AND relation IS NULL
    UNION ALL
    SELECT environment, destination, service_name, start_time_unix_nano
    FROM orphans
    WHERE producer_span_id IS NULL AND NOT is_send AND NOT hidden
)
GROUP BY ALL
