SELECT * FROM endpoints WHERE (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted)
