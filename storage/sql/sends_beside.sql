WITH requests AS (
    SELECT
        service_name,
        start_time_unix_nano AS began,
        least(
            start_time_unix_nano + $within, start_time_unix_nano + duration_nano + $after
        ) AS until
    FROM spans
    JOIN resources ON resources.number = resource_number
    WHERE generation > $after_generation AND generation <= $upto AND kind = 2
),
roots AS (
    SELECT trace_hi, trace_lo, service_name, start_time_unix_nano AS sent
    FROM endpoints
    WHERE role = 'send'
        AND is_root
        AND start_time_unix_nano >= (SELECT min(began) FROM requests)
        AND start_time_unix_nano <= (SELECT max(until) FROM requests)
)
SELECT DISTINCT trace_hi, trace_lo
FROM roots
SEMI JOIN requests
    ON roots.service_name IS NOT DISTINCT FROM requests.service_name
    AND sent BETWEEN began AND until
