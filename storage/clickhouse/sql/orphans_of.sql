SELECT *
FROM orphans
WHERE (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted) AND ($hidden OR NOT hidden)
