-- Requests and messages that were stored by some generations, or that are of some traces.
SELECT DISTINCT resources.service_name AS service_name, began, ended
FROM (
    SELECT resource_id, start_time_unix_nano AS began, end_time_unix_nano AS ended
    FROM spans
    WHERE generation > $after_generation AND generation <= $upto AND kind IN (2, 5)
    UNION DISTINCT
    SELECT resource_id, start_time_unix_nano, end_time_unix_nano
    FROM spans
    WHERE (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted) AND kind IN (2, 5)
) AS running
JOIN resources ON resources.resource_id = running.resource_id
