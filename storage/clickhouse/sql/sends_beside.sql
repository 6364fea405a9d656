-- As in requests_beside: no sum of times, joined by parts of time.
SELECT DISTINCT trace_hi, trace_lo
FROM (
    SELECT
        trace_hi, trace_lo, service_name, start_time_unix_nano AS sent,
        intDiv(start_time_unix_nano, $within) AS part
    FROM endpoints
    WHERE role = 'send' AND is_root AND start_time_unix_nano BETWEEN $first AND $last
) AS roots
JOIN (
    SELECT service_name, began, ended, intDiv(began, $within) + ahead AS part
    FROM requests
    ARRAY JOIN [0, 1] AS ahead
) AS requests
    ON roots.service_name <=> requests.service_name AND roots.part = requests.part
WHERE sent - began BETWEEN 0 AND $within AND sent - ended <= $after
