SELECT
    environment, service_namespace, system, destination, service_name, role,
    relation IS NOT NULL AS connected,
    count(*) AS count,
    max(start_time_unix_nano) AS last_start_unix_nano
FROM endpoints
GROUP BY ALL
