-- A trace that came in several appends may have a key of each.
SELECT DISTINCT * EXCLUDE (generation) FROM keys SEMI JOIN wanted USING (trace_hi, trace_lo) WHERE {within}
