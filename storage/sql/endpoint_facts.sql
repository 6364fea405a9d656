SELECT
    {key},
    count(*) AS count,
    min(start_time_unix_nano) AS first_start_unix_nano,
    max(start_time_unix_nano) AS last_start_unix_nano
FROM endpoints
GROUP BY {key}
ORDER BY count DESC, {order}
