-- As in requests_beside: no sum of times, joined by parts of time.
WITH running AS (
    SELECT resource_number, start_time_unix_nano, duration_nano
    FROM spans
    WHERE generation > $after_generation AND generation <= $upto AND kind IN (2, 5)
    UNION
    SELECT resource_number, start_time_unix_nano, duration_nano
    FROM spans
    SEMI JOIN wanted USING (trace_hi, trace_lo)
    WHERE {within_spans} AND kind IN (2, 5)
),
requests AS (
    SELECT
        service_name,
        start_time_unix_nano AS began,
        start_time_unix_nano + duration_nano AS ended,
        start_time_unix_nano // $within + ahead AS part
    FROM running
    JOIN resources ON resources.number = resource_number,
    (VALUES (0), (1)) AS next(ahead)
),
roots AS (
    SELECT
        trace_hi,
        trace_lo,
        service_name,
        start_time_unix_nano AS sent,
        start_time_unix_nano // $within AS part
    FROM endpoints
    WHERE role = 'send'
        AND is_root
        AND start_time_unix_nano >= (SELECT min(began) FROM requests)
        AND start_time_unix_nano - $within <= (SELECT max(began) FROM requests)
)
SELECT DISTINCT trace_hi, trace_lo
FROM roots
SEMI JOIN requests
    ON roots.service_name IS NOT DISTINCT FROM requests.service_name
    AND roots.part = requests.part
    AND sent - began BETWEEN 0 AND $within
    AND sent - ended <= $after
