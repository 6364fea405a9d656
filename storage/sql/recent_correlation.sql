-- Of the newest `rows` rows, which tell the newest values; to group all takes far longer.
SELECT value, max(start_time_unix_nano) AS newest
FROM (
    SELECT value, start_time_unix_nano
    FROM correlation
    WHERE key = $key
    ORDER BY start_time_unix_nano DESC
    LIMIT $rows
)
GROUP BY value
ORDER BY newest DESC, value
