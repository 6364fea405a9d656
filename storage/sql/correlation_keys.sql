-- ClickHouse reads this, too.
SELECT DISTINCT key FROM correlation ORDER BY key
