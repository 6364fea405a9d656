-- When the newest span that is asked for began in each of these traces. First which rows, by
-- the ids alone (duckdb_trace_rows.py says why).
WITH chosen AS MATERIALIZED (
    SELECT rowid AS chosen_row FROM spans SEMI JOIN wanted USING (trace_hi, trace_lo) WHERE {within}
)
SELECT trace_hi, trace_lo, max(start_time_unix_nano) AS newest
FROM (FROM spans WHERE rowid IN (SELECT chosen_row FROM chosen)) AS spans {joins}
WHERE {conditions}
GROUP BY trace_hi, trace_lo
