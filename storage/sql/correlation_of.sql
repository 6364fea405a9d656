SELECT DISTINCT trace_hi, trace_lo, key, value
FROM correlation
SEMI JOIN wanted USING (trace_hi, trace_lo)
ORDER BY ALL
