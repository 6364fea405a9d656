-- ClickHouse reads this, too.
SELECT DISTINCT trace_hi, trace_lo
FROM keys
WHERE key_hash = $key_hash AND {within}
ORDER BY ALL
LIMIT $limit
