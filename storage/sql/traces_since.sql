-- A plain span brings its trace too when an earlier span of it says something.
SELECT trace_hi, trace_lo FROM wanted
SEMI JOIN (SELECT trace_hi, trace_lo FROM messaging WHERE {within}) USING (trace_hi, trace_lo)
UNION
SELECT trace_hi, trace_lo FROM wanted
SEMI JOIN (SELECT trace_hi, trace_lo FROM links WHERE {within}) USING (trace_hi, trace_lo)
UNION
SELECT trace_hi, trace_lo FROM wanted
SEMI JOIN (
    SELECT trace_hi, trace_lo FROM keys WHERE kind = $work AND {within}
) USING (trace_hi, trace_lo)
UNION
SELECT trace_hi, trace_lo FROM wanted
SEMI JOIN (SELECT linked_trace_hi, linked_trace_lo FROM links WHERE {within})
    ON trace_hi = linked_trace_hi AND trace_lo = linked_trace_lo
