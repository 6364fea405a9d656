-- A plain span brings its trace too when an earlier span of it says something.
WITH own AS (
    SELECT span_number, trace_hi, trace_lo
    FROM spans
    SEMI JOIN wanted USING (trace_hi, trace_lo)
    WHERE {within}
)
SELECT trace_hi, trace_lo FROM own
SEMI JOIN (
    SELECT span_number FROM messaging WHERE {within}
    UNION ALL
    SELECT span_number FROM whole_messaging WHERE {within}
) USING (span_number)
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
