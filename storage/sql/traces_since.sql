-- A plain span brings its trace too when an earlier span of it says something.
WITH arrived AS (
    SELECT DISTINCT trace_hi, trace_lo
    FROM spans
    WHERE generation > $after AND generation <= $upto
)
SELECT trace_hi, trace_lo FROM arrived SEMI JOIN messaging USING (trace_hi, trace_lo)
UNION
SELECT trace_hi, trace_lo FROM arrived SEMI JOIN links USING (trace_hi, trace_lo)
UNION
SELECT trace_hi, trace_lo
FROM arrived
SEMI JOIN (SELECT trace_hi, trace_lo FROM keys WHERE kind = $work) USING (trace_hi, trace_lo)
UNION
SELECT trace_hi, trace_lo
FROM arrived
SEMI JOIN links ON arrived.trace_hi = linked_trace_hi AND arrived.trace_lo = linked_trace_lo
