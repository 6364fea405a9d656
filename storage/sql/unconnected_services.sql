-- ClickHouse reads this, too.
SELECT {key}, max(start_time_unix_nano) AS last_start_unix_nano
FROM endpoints
WHERE role = 'process' AND relation IS NULL AND start_time_unix_nano >= $since
GROUP BY {key}
