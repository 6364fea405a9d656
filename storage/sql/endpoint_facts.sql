-- By shape first: a number instead of two dozen columns.
WITH told AS (
    SELECT
        shape_number,
        count(*) AS count,
        min(start_time_unix_nano) AS first_start_unix_nano,
        max(start_time_unix_nano) AS last_start_unix_nano,
        min(kafka_offset) AS first_kafka_offset,
        max(kafka_offset) AS last_kafka_offset
    FROM endpoint_rows
    GROUP BY shape_number
)
SELECT
    {key},
    sum(count)::BIGINT AS count,
    min(first_start_unix_nano) AS first_start_unix_nano,
    max(last_start_unix_nano) AS last_start_unix_nano,
    min(first_kafka_offset) AS first_kafka_offset,
    max(last_kafka_offset) AS last_kafka_offset
FROM told
JOIN endpoint_shapes ON number = shape_number
GROUP BY {key}
ORDER BY sum(told.count) DESC, {order}
