SELECT value
FROM correlation
WHERE key = $key
GROUP BY value
ORDER BY max(start_time_unix_nano) DESC, value
LIMIT $limit
