SELECT
    environment, service_namespace, system, service_name, span_name, destination, is_root,
    max(start_time_unix_nano) AS last_start_unix_nano
FROM endpoints
WHERE role = 'process' AND (relation IS NULL OR relation = 'stitch')
GROUP BY ALL
