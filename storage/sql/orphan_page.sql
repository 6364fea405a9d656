-- First which rows, by few columns: texts are read of these alone.
SELECT *
FROM orphans
WHERE rowid IN ({chosen})
ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo, span_id
