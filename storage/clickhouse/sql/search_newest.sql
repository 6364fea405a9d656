-- When the newest span that is asked for began in each of these traces.
SELECT trace_hi, trace_lo, max(start_time_unix_nano) AS newest
FROM spans
WHERE (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted) AND {conditions}
GROUP BY trace_hi, trace_lo
