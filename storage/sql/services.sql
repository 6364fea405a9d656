-- ClickHouse reads this, too.
SELECT DISTINCT service_name FROM resources WHERE service_name IS NOT NULL ORDER BY service_name
