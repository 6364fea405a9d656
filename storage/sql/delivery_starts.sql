-- By shape first: a number instead of the columns of a kind.
WITH told AS (
    SELECT shape_number, list(start_time_unix_nano) AS starts
    FROM endpoint_rows
    GROUP BY shape_number
)
SELECT
    {key},
    coalesce(relation IN ('parent', 'link'), false) AS continues,
    flatten(list(starts)) AS starts
FROM told
JOIN endpoint_shapes ON number = shape_number
WHERE role = 'process'
GROUP BY ALL
