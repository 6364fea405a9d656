SELECT
    count(DISTINCT (trace_hi, trace_lo)) AS traces,
    min(start_time_unix_nano) AS oldest,
    max(start_time_unix_nano + duration_nano) AS newest
FROM spans
