-- As in requests_beside: no sum of times, joined by parts of time.
WITH running AS (
    SELECT resource_id, start_time_unix_nano, end_time_unix_nano
    FROM spans
    WHERE generation > $after_generation AND generation <= $upto AND kind IN (2, 5)
    UNION DISTINCT
    SELECT resource_id, start_time_unix_nano, end_time_unix_nano
    FROM spans
    WHERE (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted) AND kind IN (2, 5)
)
SELECT DISTINCT trace_hi, trace_lo
FROM (
    SELECT
        trace_hi, trace_lo, service_name, start_time_unix_nano AS sent,
        intDiv(start_time_unix_nano, $within) AS part
    FROM endpoints
    WHERE role = 'send'
        AND is_root
        AND start_time_unix_nano >= (SELECT min(start_time_unix_nano) FROM running)
        AND start_time_unix_nano - $within <= (SELECT max(start_time_unix_nano) FROM running)
) AS roots
JOIN (
    SELECT DISTINCT
        resources.service_name AS service_name,
        start_time_unix_nano AS began,
        end_time_unix_nano AS ended,
        intDiv(start_time_unix_nano, $within) + ahead AS part
    FROM running
    JOIN resources ON resources.resource_id = running.resource_id
    ARRAY JOIN [0, 1] AS ahead
) AS requests
    ON roots.service_name <=> requests.service_name AND roots.part = requests.part
WHERE sent - began BETWEEN 0 AND $within AND sent - ended <= $after
