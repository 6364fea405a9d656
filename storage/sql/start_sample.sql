-- ClickHouse reads this, too.
-- One span in 1,024, by its content: the same ones in whatever order they came.
SELECT start_time_unix_nano AS start
FROM spans
WHERE content_hash < 4194304 AND start_time_unix_nano <= $latest AND start_time_unix_nano >= $earliest
ORDER BY start DESC
LIMIT $limit
