-- ClickHouse reads this, too.
SELECT
    environment, service_namespace, service_name, destination, sampling_threshold,
    count(*) AS count
FROM endpoints
WHERE role = 'send'
GROUP BY ALL
