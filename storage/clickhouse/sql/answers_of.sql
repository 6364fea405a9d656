-- The answers that rows of these traces belong to.
SELECT DISTINCT {owner}, answered
FROM {table}
WHERE ({owner}) IN (SELECT trace_hi, trace_lo FROM wanted)
