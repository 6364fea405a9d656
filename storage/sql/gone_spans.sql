-- The ids alone: what hangs on them is deleted before they are.
SELECT DISTINCT trace_hi, trace_lo, span_id FROM spans WHERE generation <= $generation
