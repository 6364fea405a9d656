-- ClickHouse reads this, too.
SELECT
    {key},
    count(*) AS count,
    count(*) FILTER (WHERE error) AS error_count,
    count(*) FILTER (WHERE relation IN ('parent', 'link')) AS propagated,
    max(start_time_unix_nano) AS last_start_unix_nano
FROM endpoints
WHERE {placed} AND start_time_unix_nano >= $start AND ($end::BIGINT IS NULL OR start_time_unix_nano < $end)
GROUP BY {key}
ORDER BY count DESC, {order}
