-- A plain span brings its trace too when an earlier span of it says something.
WITH arrived AS (
    SELECT DISTINCT trace_hi, trace_lo FROM spans WHERE generation > $after AND generation <= $upto
)
SELECT trace_hi, trace_lo
FROM arrived
WHERE (trace_hi, trace_lo) IN (
    SELECT trace_hi, trace_lo FROM spans
    WHERE (trace_hi, trace_lo) IN (SELECT * FROM arrived)
        AND (notEmpty(`messaging.position`) OR notEmpty(`links.position`))
    UNION ALL
    SELECT trace_hi, trace_lo FROM keys
    WHERE kind = $work AND (trace_hi, trace_lo) IN (SELECT * FROM arrived)
    UNION ALL
    SELECT linked_trace_hi, linked_trace_lo FROM linked
    WHERE (linked_trace_hi, linked_trace_lo) IN (SELECT * FROM arrived)
)
