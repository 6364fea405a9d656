SELECT
    {key},
    count(*) AS count,
    min(start_time_unix_nano) AS first_start_unix_nano,
    max(start_time_unix_nano) AS last_start_unix_nano,
    min(kafka_offset) AS first_kafka_offset,
    max(kafka_offset) AS last_kafka_offset
FROM endpoints
GROUP BY {key}
ORDER BY count DESC, {order}
